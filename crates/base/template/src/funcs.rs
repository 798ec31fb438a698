//! The functions of templates: Go's own and docker's.

use super::value::Value;
use std::cmp::Ordering;

const NAMES: [&str; 26] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "join", "js", "json", "le", "len", "lower", "lt", "ne", "not",
    "or", "pad", "print", "printf", "println", "slice", "split", "title", "truncate", "upper",
];

/// Whether there is a function `name`.
pub fn exists(name: &str) -> bool {
    NAMES.contains(&name) || name == "urlquery"
}

/// Calls the function `name`; `None` when there is none.
pub fn call(name: &str, args: &[Value], header: bool) -> Option<Result<Value, String>> {
    Some(match name {
        "json" | "title" | "lower" | "upper" | "truncate" | "pad" | "split" | "join" => docker(name, args, header),
        "len" => one(name, args).and_then(length),
        "index" => index(args),
        "slice" => slice(args),
        "not" => one(name, args).map(|value| Value::Bool(!value.is_true())),
        "eq" | "ne" | "lt" | "le" | "gt" | "ge" => compare(name, args),
        "print" | "printf" | "println" | "html" | "js" | "urlquery" => printed(name, args),
        "call" => called(args),
        _ => return None,
    })
}

fn one<'a>(name: &str, args: &'a [Value]) -> Result<&'a Value, String> {
    match args {
        [value] => Ok(value),
        _ => Err(format!("wrong number of args for {name}: want 1 got {}", args.len())),
    }
}

fn text(name: &str, args: &[Value], at: usize) -> Result<String, String> {
    match args.get(at) {
        Some(Value::Str(text)) => Ok(text.to_string()),
        Some(other) => Err(format!("wrong type for value; expected string; got {}", other.type_name())),
        None => Err(format!("wrong number of args for {name}: want {} got {}", at + 1, args.len())),
    }
}

fn number(name: &str, args: &[Value], at: usize) -> Result<usize, String> {
    match args.get(at) {
        Some(Value::Int(value)) => Ok(usize::try_from(*value).unwrap_or(0)),
        Some(other) => Err(format!("expected integer; found {}", other.print())),
        None => Err(format!("wrong number of args for {name}: want {} got {}", at + 1, args.len())),
    }
}

/// Docker's functions; in a table's header they leave the column's name as it is.
fn docker(name: &str, args: &[Value], header: bool) -> Result<Value, String> {
    if header && name != "split" && name != "join" {
        return text(name, args, 0).map(Value::from);
    }
    let value = match name {
        "json" => return one(name, args).map(|value| Value::from(value.json())),
        "split" => {
            let (whole, separator) = (text(name, args, 0)?, text(name, args, 1)?);
            return Ok(Value::List(split(&whole, &separator).into_iter().map(Value::from).collect()));
        }
        "join" => return joined(args),
        "title" => titled(&text(name, args, 0)?),
        "lower" => text(name, args, 0)?.to_lowercase(),
        "upper" => text(name, args, 0)?.to_uppercase(),
        "truncate" => text(name, args, 0)?.chars().take(number(name, args, 1)?).collect(),
        _ => {
            let (value, before, after) = (text(name, args, 0)?, number(name, args, 1)?, number(name, args, 2)?);
            // Padding an empty text would look like a value.
            if value.is_empty() { value } else { format!("{}{value}{}", " ".repeat(before), " ".repeat(after)) }
        }
    };
    Ok(value.into())
}

fn split(whole: &str, separator: &str) -> Vec<String> {
    match separator {
        "" => whole.chars().map(String::from).collect(),
        _ => whole.split(separator).map(String::from).collect(),
    }
}

fn joined(args: &[Value]) -> Result<Value, String> {
    let Some(Value::List(items)) = args.first() else { return Err("wrong type for value; expected []string".into()) };
    let parts: Vec<String> = items.iter().map(Value::print).collect();
    Ok(parts.join(&text("join", args, 1)?).into())
}

/// Go's `strings.Title`: the first letter of each word.
fn titled(text: &str) -> String {
    let mut before = ' ';
    text.chars()
        .map(|c| {
            let starts = !(before.is_alphanumeric() || before == '_' || before == '\'');
            before = c;
            if starts { c.to_uppercase().next().unwrap_or(c) } else { c }
        })
        .collect()
}

fn length(value: &Value) -> Result<Value, String> {
    let count = match value {
        Value::Str(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Object(object) if object.type_name.is_empty() => object.fields.len(),
        Value::Null(_) => 0,
        Value::Nil => return Err("len of nil pointer".into()),
        other => return Err(format!("len of type {}", other.type_name())),
    };
    Ok(Value::Int(count as i64))
}

fn index(args: &[Value]) -> Result<Value, String> {
    let Some((first, keys)) = args.split_first() else {
        return Err("wrong number of args for index: want at least 1 got 0".into());
    };
    keys.iter().try_fold(first.clone(), |value, key| item(&value, key))
}

fn item(value: &Value, key: &Value) -> Result<Value, String> {
    match (value, key) {
        (Value::List(items), Value::Int(at)) => usize::try_from(*at)
            .ok()
            .and_then(|at| items.get(at).cloned())
            .ok_or_else(|| format!("index out of range: {at}")),
        (Value::Str(text), Value::Int(at)) => usize::try_from(*at)
            .ok()
            .and_then(|at| text.as_bytes().get(at).map(|byte| Value::Int((*byte).into())))
            .ok_or_else(|| format!("index out of range: {at}")),
        (Value::Object(object), Value::Str(name)) => Ok(object.get(name).unwrap_or(Value::Nil)),
        (Value::Null("map[]"), Value::Str(_)) => Ok(Value::Nil),
        (Value::Null(_), Value::Int(at)) => Err(format!("reflect: slice index out of range: {at}")),
        (Value::Nil | Value::Null(_), _) => Err("index of untyped nil".into()),
        (Value::List(_) | Value::Str(_), other) => {
            Err(format!("cannot index slice/array with type {}", other.type_name()))
        }
        (other, _) => Err(format!("can't index item of type {}", other.type_name())),
    }
}

fn slice(args: &[Value]) -> Result<Value, String> {
    let value = args.first().ok_or("wrong number of args for slice: want at least 1 got 0")?;
    let bound = |at: usize, default: usize| args.get(at).map_or(Ok(default), |_| number("slice", args, at));
    let length = match value {
        Value::Str(text) => text.len(),
        Value::List(items) => items.len(),
        other => return Err(format!("can't slice item of type {}", other.type_name())),
    };
    let (from, to) = (bound(1, 0)?, bound(2, length)?);
    if from > to || to > length {
        return Err(format!("index out of range: {}", from.max(to)));
    }
    Ok(match value {
        Value::Str(text) => text.get(from..to).ok_or("slice splits a character")?.into(),
        Value::List(items) => Value::List(items[from..to].into()),
        _ => Value::Nil,
    })
}

fn order(a: &Value, b: &Value) -> Result<Ordering, String> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => Ok(a.total_cmp(b)),
        (Value::Str(a), Value::Str(b)) => Ok(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(b)),
        (Value::Nil | Value::Null(_), Value::Nil | Value::Null(_)) => Ok(Ordering::Equal),
        (Value::Nil | Value::Null(_), _) | (_, Value::Nil | Value::Null(_)) => Ok(Ordering::Less),
        _ => Err("incompatible types for comparison".into()),
    }
}

fn compare(name: &str, args: &[Value]) -> Result<Value, String> {
    let [first, rest @ ..] = args else {
        return Err(format!("wrong number of args for {name}: want at least 1 got 0"));
    };
    if rest.is_empty() {
        return Err("missing argument for comparison".into());
    }
    if name == "eq" {
        for other in rest {
            if order(first, other)? == Ordering::Equal {
                return Ok(Value::Bool(true));
            }
        }
        return Ok(Value::Bool(false));
    }
    let found = order(first, &rest[0])?;
    Ok(Value::Bool(match name {
        "ne" => found != Ordering::Equal,
        "lt" => found == Ordering::Less,
        "le" => found != Ordering::Greater,
        "gt" => found == Ordering::Greater,
        _ => found != Ordering::Less,
    }))
}

fn called(args: &[Value]) -> Result<Value, String> {
    match args.split_first() {
        Some((Value::Method(method), rest)) => method(rest),
        _ => Err("non-function of type given to call".into()),
    }
}

/// Go's printing functions are gotmpl's; their arguments are handed over as a list.
fn printed(name: &str, args: &[Value]) -> Result<Value, String> {
    let operands: String = (0..args.len()).map(|at| format!(" (index . {at})")).collect();
    let data = gotmpl::Value::List(args.iter().map(Value::to_gotmpl).collect());
    let template =
        gotmpl::Template::new("").parse(&format!("{{{{{name}{operands}}}}}")).map_err(|error| error.to_string())?;
    template.execute_to_string(&data).map(Value::from).map_err(|error| error.to_string())
}
