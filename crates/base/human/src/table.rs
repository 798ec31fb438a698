//! Columns as Go's `tabwriter` lays them out for Docker.

/// Rows of tab-terminated cells that are aligned when printed.
///
/// Docker's writer has a minimal cell width of 10 or 20, a padding of 3 and blanks. A cell is text that ends with a
/// tab; a column is a run of such cells in adjacent lines, so a line with fewer tabs ends the columns to its right.
pub struct Table {
    minimum: usize,
    padding: usize,
}

impl Table {
    /// The layout of Docker's lists: cells at least 10 wide, 3 blanks between them.
    pub const LIST: Table = Table { minimum: 10, padding: 3 };
    /// The layout with no minimal width and one blank.
    pub const TIGHT: Table = Table { minimum: 0, padding: 1 };

    /// A layout with its own widths, in characters.
    pub const fn new(minimum: usize, padding: usize) -> Table {
        Table { minimum, padding }
    }

    /// Aligns the lines of `text`.
    pub fn align(&self, text: &str) -> String {
        let ends_line = text.ends_with('\n');
        let body = text.strip_suffix('\n').unwrap_or(text);
        let lines: Vec<Vec<&str>> = body.split('\n').map(|line| line.split('\t').collect()).collect();
        let mut widths: Vec<Vec<usize>> = lines.iter().map(|line| vec![0; line.len() - 1]).collect();
        let last = lines.len();
        self.measure(&lines, &mut widths, 0, last, 0);
        let mut out = String::with_capacity(text.len() * 2);
        for (index, (line, widths)) in lines.iter().zip(&widths).enumerate() {
            if index > 0 {
                out.push('\n');
            }
            self.print(&mut out, line, widths);
        }
        if ends_line {
            out.push('\n');
        }
        out
    }

    /// Finds each run of lines in `from..to` that have a cell in `column`, sets its width, and goes on to the right.
    fn measure(&self, lines: &[Vec<&str>], widths: &mut [Vec<usize>], from: usize, to: usize, column: usize) {
        let mut line = from;
        while line < to {
            if lines[line].len() <= column + 1 {
                line += 1;
                continue;
            }
            let start = line;
            while line < to && lines[line].len() > column + 1 {
                line += 1;
            }
            let widest = (start..line).map(|at| lines[at][column].chars().count()).max().unwrap_or(0);
            let width = if widest == 0 {
                self.minimum.min(self.empty_width())
            } else {
                (widest + self.padding).max(self.minimum)
            };
            widths[start..line].iter_mut().for_each(|row| row[column] = width);
            self.measure(lines, widths, start, line, column + 1);
        }
    }

    /// A column in which all cells are empty still takes the minimal width.
    fn empty_width(&self) -> usize {
        self.minimum.max(self.padding)
    }

    fn print(&self, out: &mut String, line: &[&str], widths: &[usize]) {
        for (cell, width) in line.iter().zip(widths) {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
        out.push_str(line.last().copied().unwrap_or(""));
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_at_least_ten_wide_and_three_apart() {
        let text = "REPOSITORY\tTAG\tIMAGE ID\nbusybox\tlatest\t75d55159c808\n";
        let expect = "REPOSITORY   TAG       IMAGE ID\nbusybox      latest    75d55159c808\n";
        assert_eq!(Table::LIST.align(text), expect);
    }

    #[test]
    fn a_line_without_tabs_ends_the_column() {
        let text = "aaaaaaaaaaaa\tb\nplain\nc\td\n";
        assert_eq!(Table::LIST.align(text), "aaaaaaaaaaaa   b\nplain\nc         d\n");
    }

    #[test]
    fn width_counts_characters() {
        assert_eq!(Table::LIST.align("é\tx\n"), "é         x\n");
    }
}
