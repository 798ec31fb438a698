//! The values templates work on.

use std::rc::Rc;

/// A value as Go's templates see it.
#[derive(Clone)]
pub enum Value {
    /// No value: a missing key of a map, or JSON's `null`.
    Nil,
    /// A nil slice, map or pointer of a structure: `null` in JSON, and this text where it is printed.
    Null(&'static str),
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Str(Rc<str>),
    /// A list.
    List(Rc<[Value]>),
    /// Named values, in order.
    Object(Rc<Object>),
    /// A method of an object that takes arguments.
    Method(Method),
}

/// A method of an object.
pub type Method = Rc<dyn Fn(&[Value]) -> Result<Value, String>>;

/// Named values.
pub struct Object {
    /// Go's name of the structure's type; empty for a map.
    pub type_name: &'static str,
    /// Names and values in order.
    pub fields: Vec<(String, Value)>,
    /// Fields that JSON leaves out because they are empty; templates may name them all the same.
    pub omitted: Vec<(String, Value)>,
    /// Methods.
    pub methods: Vec<(&'static str, Method)>,
    /// Printed as a structure, `{a b}`, though its missing keys are errors like a map's.
    pub prints_bare: bool,
}

impl Object {
    /// A map, whose missing keys are errors.
    pub fn map(fields: Vec<(String, Value)>) -> Object {
        Object { type_name: "", fields, omitted: Vec::new(), methods: Vec::new(), prints_bare: false }
    }

    /// Whether `name` is a second spelling of another field.
    fn is_alias(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known != name && known.eq_ignore_ascii_case(name))
            && !self.fields.iter().any(|(known, _)| known == name)
    }

    fn visible(&self) -> Object {
        let all =
            |fields: &[(String, Value)]| fields.iter().map(|(name, value)| (name.clone(), value.visible())).collect();
        Object {
            type_name: self.type_name,
            fields: all(&self.fields),
            omitted: all(&self.omitted),
            methods: self.methods.iter().map(|(name, method)| (*name, visible_method(method))).collect(),
            prints_bare: self.prints_bare,
        }
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<Value> {
        let find =
            |list: &[(String, Value)]| list.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let method =
            || self.methods.iter().find(|(known, _)| *known == name).map(|(_, method)| Value::Method(method.clone()));
        find(&self.fields).or_else(|| find(&self.omitted)).or_else(method)
    }
}

fn visible_method(method: &Method) -> Method {
    let method = method.clone();
    Rc::new(move |args| method(args).map(|value| value.visible()))
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Str(text.into())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Value {
        Value::Object(Rc::new(object))
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or(0.0)), Value::Int)
            }
            serde_json::Value::String(text) => Value::Str(text.as_str().into()),
            serde_json::Value::Array(items) => Value::List(items.iter().map(Value::from).collect()),
            serde_json::Value::Object(map) => {
                let fields = map.iter().map(|(key, value)| (key.clone(), value.into())).collect();
                Object::map(fields).into()
            }
        }
    }
}

impl Value {
    /// Whether `if` takes the first branch.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Nil | Value::Null(_) => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::List(items) => !items.is_empty(),
            // A structure is always true, an empty map never.
            Value::Object(object) => !object.type_name.is_empty() || object.prints_bare || !object.fields.is_empty(),
            Value::Method(_) => true,
        }
    }

    /// Go's name for the type, for messages.
    pub fn type_name(&self) -> String {
        match self {
            Value::Nil | Value::Null(_) => "nil".into(),
            Value::Bool(_) => "bool".into(),
            Value::Int(_) => "int".into(),
            Value::Float(_) => "float64".into(),
            Value::Str(_) => "string".into(),
            Value::List(_) => "[]interface {}".into(),
            Value::Object(object) if object.type_name.is_empty() => "map[string]interface {}".into(),
            Value::Object(object) => object.type_name.into(),
            Value::Method(_) => "func".into(),
        }
    }

    /// The value as Go's `Print` shows it.
    pub fn print(&self) -> String {
        match self {
            Value::Nil => "<nil>".into(),
            Value::Null(text) => (*text).into(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => human::general(*value, 17),
            Value::Str(text) => text.to_string(),
            Value::List(items) => format!("[{}]", join(items.iter().map(Value::print))),
            Value::Object(object) if object.type_name.is_empty() && !object.prints_bare => print_object(object),
            Value::Object(object) => {
                let fields = object.fields.iter().chain(&object.omitted).filter(|(name, _)| !object.is_alias(name));
                format!("{{{}}}", join(fields.map(|(_, value)| value.print())))
            }
            Value::Method(_) => "<func>".into(),
        }
    }

    /// The value as Go's JSON encoder writes it, without a line break.
    pub fn json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, false);
        out
    }

    /// `html` escapes `<`, `>` and `&`, which Go does where a type writes itself.
    fn write_json(&self, out: &mut String, html: bool) {
        match self {
            Value::Nil | Value::Null(_) | Value::Method(_) => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) => out.push_str(&value.to_string()),
            Value::Float(value) => out.push_str(&serde_json::json!(value).to_string()),
            Value::Str(text) => json_string(out, text, html),
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    item.write_json(out, html);
                }
                out.push(']');
            }
            Value::Object(object) => {
                let html = html || object.type_name.ends_with("Context");
                out.push('{');
                for (index, (name, value)) in object.fields.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    json_string(out, name, html);
                    out.push(':');
                    value.write_json(out, html);
                }
                out.push('}');
            }
        }
    }

    /// The same for gotmpl's functions.
    pub fn to_gotmpl(&self) -> gotmpl::Value {
        match self {
            Value::Nil | Value::Null(_) | Value::Method(_) => gotmpl::Value::Nil,
            Value::Bool(value) => gotmpl::Value::Bool(*value),
            Value::Int(value) => gotmpl::Value::Int(*value),
            Value::Float(value) => gotmpl::Value::Float(*value),
            Value::Str(text) => gotmpl::Value::String(text.as_ref().into()),
            Value::List(items) => gotmpl::Value::List(items.iter().map(Value::to_gotmpl).collect()),
            Value::Object(object) => {
                let fields = object.fields.iter().map(|(name, value)| (name.as_str().into(), value.to_gotmpl()));
                gotmpl::Value::Map(std::sync::Arc::new(fields.collect()))
            }
        }
    }

    /// The same with control characters of all texts made visible.
    pub fn visible(&self) -> Value {
        match self {
            Value::Str(text) => Value::Str(human::visible(text).as_ref().into()),
            Value::List(items) => Value::List(items.iter().map(Value::visible).collect()),
            Value::Object(object) => object.visible().into(),
            Value::Method(method) => Value::Method(visible_method(method)),
            other => other.clone(),
        }
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}

/// Maps print sorted, as `map[a:1 b:2]`.
fn print_object(object: &Object) -> String {
    let mut fields: Vec<_> = object.fields.iter().map(|(name, value)| format!("{name}:{}", value.print())).collect();
    fields.sort();
    format!("map[{}]", fields.join(" "))
}

/// Go's encoder without HTML escaping still escapes the line separators of JavaScript.
fn json_string(out: &mut String, text: &str, html: bool) {
    let plain = serde_json::Value::from(text).to_string();
    for c in plain.chars() {
        match c {
            '<' | '>' | '&' if html => out.push_str(&format!("\\u{:04x}", c as u32)),
            '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
}
