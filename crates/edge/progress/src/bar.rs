//! The bar and the numbers of one object.

use api::progress::ProgressDetail;
use human::{GoDuration, decimal_size};

/// The width above which the bar itself is drawn.
const WIDE: u16 = 110;
/// The width above which the time left is shown.
const MEDIUM: u16 = 50;
/// Cells of the bar.
const CELLS: i64 = 50;

/// The bar, the counts and the time left, for a terminal of `width` columns at `now` (seconds since 1970). Empty when
/// nothing is known.
pub fn bar(progress: &ProgressDetail, width: u16, now: i64) -> String {
    let ProgressDetail { current, total, start, hide_counts, .. } = *progress;
    if current <= 0 && total <= 0 {
        return String::new();
    }
    if total <= 0 {
        return format!("{:>8}", decimal_size(current as f64));
    }
    let filled = ((current as f64 / total as f64 * 100.0) as i64 / 2).clamp(0, CELLS);
    let mut out = String::new();
    if width > WIDE {
        let (done, left) = ("=".repeat(filled as usize), " ".repeat((CELLS - filled) as usize));
        out += &format!("[{done}>{left}] ");
    }
    if !hide_counts {
        out += &counts(current, total);
    }
    if current > 0 && start > 0 && filled < CELLS && width > MEDIUM {
        out += &format!(" {}", time_left(current, total, now - start));
    }
    out
}

/// A total that was announced too low is not shown.
fn counts(current: i64, total: i64) -> String {
    let done = decimal_size(current as f64);
    if current > total { format!("{done:>8}") } else { format!("{done:>8}/{}", decimal_size(total as f64)) }
}

fn time_left(current: i64, total: i64, elapsed: i64) -> GoDuration {
    let each = elapsed.saturating_mul(1_000_000_000) / current;
    let left = (total - current).saturating_mul(each);
    GoDuration(left / 1_000_000_000 * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(current: i64, total: i64, width: u16) -> String {
        bar(&ProgressDetail { current, total, ..ProgressDetail::default() }, width, 0)
    }

    #[test]
    fn bars_are_drawn_as_docker_draws_them() {
        assert_eq!(at(0, 0, 200), "");
        assert_eq!(at(1, 0, 200), "      1B");
        assert_eq!(at(50, 100, 200), "[=========================>                         ]      50B/100B");
        assert_eq!(at(100, 100, 200), "[==================================================>]     100B/100B");
        assert_eq!(at(50, 40, 200), "[==================================================>]      50B");
        assert_eq!(at(50_000_000, 100_000_000, 80), "    50MB/100MB");
    }

    #[test]
    fn the_time_left_is_estimated() {
        let progress = ProgressDetail { current: 50, total: 100, start: 1000, ..ProgressDetail::default() };
        assert_eq!(bar(&progress, 100, 1030), "     50B/100B 30s");
    }
}
