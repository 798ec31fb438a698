//! One line for each kind of objects.

use crate::exit::Exit;
use crate::format::{Column, Format, List, Row, Value};
use api::system::DiskUsage;
use human::decimal_size;

const COLUMNS: &[Column] = &[
    Column::new("Type", "TYPE"),
    Column::new("TotalCount", "TOTAL"),
    Column::new("Active", "ACTIVE"),
    Column::new("Size", "SIZE"),
    Column::new("Reclaimable", "RECLAIMABLE"),
];

const TABLE: &str = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
const RAW: &str =
    "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n";

/// The lines of all kinds.
pub fn render(format: &Format, usage: &DiskUsage) -> Result<String, Exit> {
    let format = if format.is_raw() { Format::choose(RAW, "", false) } else { format.clone() };
    let rows = [images(usage), containers(usage), volumes(usage), builds(usage)];
    List { format: &format, table: TABLE, columns: COLUMNS }.render(rows.map(Line::row))
}

/// The numbers of one kind.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    kind: &'static str,
    type_name: &'static str,
    total: usize,
    active: usize,
    size: i64,
    reclaimable: i64,
    /// Docker tells no share of what builders keep.
    has_share: bool,
}

impl Line {
    fn row(self) -> Value {
        let mut reclaimable = decimal_size(self.reclaimable as f64);
        if self.has_share && self.size > 0 {
            reclaimable += &format!(" ({}%)", self.reclaimable.saturating_mul(100) / self.size);
        }
        let fields = vec![
            ("Active", self.active.to_string().into()),
            ("Reclaimable", reclaimable.into()),
            ("Size", decimal_size(self.size as f64).into()),
            ("TotalCount", self.total.to_string().into()),
            ("Type", self.kind.into()),
        ];
        Row { type_name: self.type_name, fields, labels: None }.value()
    }
}

fn images(usage: &DiskUsage) -> Line {
    let all = usage.images.as_deref().unwrap_or_default();
    let known = all.iter().filter(|image| image.containers != 0 && image.size != -1 && image.shared_size != -1);
    // What images share is nobody's own, and goes with the last of them.
    let used: i64 = known.map(|image| image.size - image.shared_size).sum();
    Line {
        kind: "Images",
        type_name: "*formatter.diskUsageImagesContext",
        total: all.len(),
        active: all.iter().filter(|image| image.containers > 0).count(),
        size: usage.layers_size,
        reclaimable: usage.layers_size - used,
        has_share: true,
    }
}

fn containers(usage: &DiskUsage) -> Line {
    let all = usage.containers.as_deref().unwrap_or_default();
    let is_active = |state: &str| ["running", "paused", "restarting"].iter().any(|word| state.contains(word));
    Line {
        kind: "Containers",
        type_name: "*formatter.diskUsageContainersContext",
        total: all.len(),
        active: all.iter().filter(|one| is_active(&one.state)).count(),
        size: all.iter().map(|one| one.size_rw).sum(),
        reclaimable: all.iter().filter(|one| !is_active(&one.state)).map(|one| one.size_rw).sum(),
        has_share: true,
    }
}

fn volumes(usage: &DiskUsage) -> Line {
    let all = usage.volumes.as_deref().unwrap_or_default();
    let usages = || all.iter().filter_map(|volume| volume.usage_data);
    let known = || usages().filter(|usage| usage.size != -1);
    Line {
        kind: "Local Volumes",
        type_name: "*formatter.diskUsageVolumesContext",
        total: all.len(),
        active: usages().filter(|usage| usage.ref_count > 0).count(),
        size: known().map(|usage| usage.size).sum(),
        reclaimable: known().filter(|usage| usage.ref_count == 0).map(|usage| usage.size).sum(),
        has_share: true,
    }
}

fn builds(usage: &DiskUsage) -> Line {
    let all = usage.build_cache.as_deref().unwrap_or_default();
    let own = || all.iter().filter(|one| !one.shared);
    Line {
        kind: "Build Cache",
        type_name: "*formatter.diskUsageBuilderContext",
        total: all.len(),
        active: all.iter().filter(|one| one.in_use).count(),
        size: own().map(|one| one.size).sum(),
        reclaimable: own().filter(|one| !one.in_use).map(|one| one.size).sum(),
        has_share: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: &str = r#"{"LayersSize":1000,
        "Images":[{"Containers":2,"Size":700,"SharedSize":100},{"Containers":0,"Size":400,"SharedSize":100}],
        "Containers":[{"State":"running","SizeRw":39},{"State":"exited","SizeRw":11}],
        "Volumes":[{"Name":"a","UsageData":{"RefCount":0,"Size":5}},{"Name":"b","UsageData":{"RefCount":1,"Size":-1}},{"Name":"c"}],
        "BuildCache":[{"ID":"x","InUse":true,"Size":10},{"ID":"y","Size":20},{"ID":"z","Shared":true,"Size":40}]}"#;

    #[test]
    fn the_table_is_dockers() {
        let usage = api::json::from_slice(USAGE.as_bytes()).unwrap();
        let table = render(&Format::choose("", "", false), &usage).unwrap();
        let expect = "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\n\
                      Images          2         1         1kB       400B (40%)\n\
                      Containers      2         1         50B       11B (22%)\n\
                      Local Volumes   3         1         5B        5B (100%)\n\
                      Build Cache     3         1         30B       20B\n";
        assert_eq!(table, expect);
    }

    #[test]
    fn an_empty_daemon_has_no_shares() {
        let table = render(&Format::choose("{{.Reclaimable}}", "", false), &DiskUsage::default()).unwrap();
        assert_eq!(table, "0B\n0B\n0B\n0B\n");
    }
}
