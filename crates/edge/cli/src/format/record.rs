//! Rows of lists: what `{{.Field}}` means there.

use std::rc::Rc;
use template::{Method, Object, Value};

/// A column that templates can name.
pub struct Column {
    /// The field's name.
    pub name: &'static str,
    /// What the table's first line says.
    pub header: &'static str,
}

impl Column {
    /// A column.
    pub const fn new(name: &'static str, header: &'static str) -> Column {
        Column { name, header }
    }
}

/// One row: the values of the columns in alphabetical order of their names, as Go writes them to JSON.
pub struct Row {
    /// Go's name for the type, for messages.
    pub type_name: &'static str,
    /// Names and values.
    pub fields: Vec<(&'static str, Value)>,
    /// Labels, for `{{.Label "x"}}`; `None` where the type has no such method.
    pub labels: Option<Vec<(String, String)>>,
}

impl Row {
    /// The row as a template's dot.
    pub fn value(self) -> Value {
        let fields = self.fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        let methods = self.labels.map(|labels| ("Label", label_method(labels))).into_iter().collect();
        Object { type_name: self.type_name, fields, omitted: Vec::new(), methods, prints_bare: false }.into()
    }
}

fn label_method(labels: Vec<(String, String)>) -> Method {
    Rc::new(move |args| {
        let [Value::Str(name)] = args else {
            return Err(format!("wrong number of args for Label: want 1 got {}", args.len()));
        };
        let found = labels.iter().find(|(known, _)| **known == **name);
        Ok(Value::from(found.map_or("", |(_, value)| value.as_str())))
    })
}

/// The names of the columns as a template's dot. A label's column is named after the last part of the label.
pub fn header(columns: &[Column]) -> Value {
    let fields = columns.iter().map(|column| (column.name.to_string(), Value::from(column.header))).collect();
    let label: Method = Rc::new(|args| {
        let name = args.first().map(Value::print).unwrap_or_default();
        Ok(Value::from(name.rsplit('.').next().unwrap_or("").replace(['-', '_'], " ")))
    });
    Object { type_name: "", fields, omitted: Vec::new(), methods: vec![("Label", label)], prints_bare: false }.into()
}
