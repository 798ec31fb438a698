//! Reading JSON as Go's `encoding/json` does.
//!
//! Clients in the wild rely on three habits of the original's decoder: `null` leaves the zero value in place whatever
//! the type is; keys of structures match without regard to case (an exact match wins); unknown keys are ignored. The
//! last comes with serde, the others are done here by a deserializer over a parsed document, which knows a structure's
//! keys from the derived code.

mod error;

use serde::de::value::SeqDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde_json::Value;

pub use error::Error;

/// Reads one document. Its depth is bounded by `serde_json`, its size must be by the caller.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    let value: Value = serde_json::from_slice(text).map_err(|error| Error::syntax(text, &error))?;
    from_value(&value)
}

/// Reads a parsed document.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    T::deserialize(Go(value))
}

/// Whether a value is its type's zero value, which Go's `omitempty` leaves out.
pub fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Clone, Copy)]
struct Go<'a>(&'a Value);

static NULL: Value = Value::Null;

impl<'de> IntoDeserializer<'de, Error> for Go<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Answers the zero value for `null`, and asks the parsed document for everything else.
macro_rules! scalars {
    ($($method:ident => $visit:ident($zero:expr) $go:literal),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0 {
                Value::Null => visitor.$visit($zero),
                value => value.$method(visitor).map_err(|_| Error::mismatch(value, $go)),
            }
        })+
    };
}

impl<'de> Deserializer<'de> for Go<'de> {
    type Error = Error;

    scalars! {
        deserialize_bool => visit_bool(false) "bool",
        deserialize_i8 => visit_i8(0) "int8",
        deserialize_i16 => visit_i16(0) "int16",
        deserialize_i32 => visit_i32(0) "int32",
        deserialize_i64 => visit_i64(0) "int64",
        deserialize_u8 => visit_u8(0) "uint8",
        deserialize_u16 => visit_u16(0) "uint16",
        deserialize_u32 => visit_u32(0) "uint32",
        deserialize_u64 => visit_u64(0) "uint64",
        deserialize_f32 => visit_f32(0.0) "float32",
        deserialize_f64 => visit_f64(0.0) "float64",
        deserialize_char => visit_char('\0') "string",
        deserialize_str => visit_str("") "string",
        deserialize_string => visit_str("") "string",
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(list) => visitor.visit_seq(SeqDeserializer::new(list.iter().map(Go))),
            Value::Object(map) => visit_map(map.iter().map(|(key, value)| (key.as_str(), value)), visitor),
            scalar => scalar.deserialize_any(visitor).map_err(de::Error::custom),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<Go<'_>>())),
            _ => self.deserialize_any(visitor),
        }
    }

    /// Go fills an array of fixed length with zero values and drops what is too much.
    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_seq(SeqDeserializer::new(std::iter::repeat_n(Go(&NULL), length))),
            Value::Array(list) => {
                let filled = list.iter().chain(std::iter::repeat(&NULL)).take(length).map(Go);
                visitor.visit_seq(SeqDeserializer::new(filled))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visit_map(std::iter::empty(), visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visit_map(std::iter::empty(), visitor),
            Value::Object(map) => visit_map(known_keys(map, fields), visitor),
            other => Err(Error::mismatch(other, name)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor).map_err(de::Error::custom)
    }

    serde::forward_to_deserialize_any! { i128 u128 bytes byte_buf unit unit_struct identifier ignored_any }
}

fn visit_map<'de, V: Visitor<'de>>(
    entries: impl Iterator<Item = (&'de str, &'de Value)>,
    visitor: V,
) -> Result<V::Value, Error> {
    visitor.visit_map(Entries { entries, current: None })
}

/// The entries of an object; errors in their values get the key in front.
struct Entries<'de, I> {
    entries: I,
    current: Option<(&'de str, &'de Value)>,
}

impl<'de, I: Iterator<Item = (&'de str, &'de Value)>> MapAccess<'de> for Entries<'de, I> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.current = self.entries.next();
        let Some((key, _)) = self.current else { return Ok(None) };
        seed.deserialize(de::value::BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, value) = self.current.unwrap_or(("", &NULL));
        seed.deserialize(Go(value)).map_err(|error| error.under(key))
    }
}

/// The entries whose keys a structure knows, by its own spelling of them and each once: the exact one, else the last.
fn known_keys<'a>(
    map: &'a serde_json::Map<String, Value>,
    fields: &'static [&'static str],
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    fields.iter().filter_map(move |field| {
        let folded = || map.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(field)).map(|(_, value)| value);
        map.get(*field).or_else(folded).map(|value| (*field, value))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Sample {
        text: String,
        number: i64,
        flag: bool,
        list: Vec<String>,
        map: BTreeMap<String, i64>,
        inner: Option<Box<Sample>>,
        pair: [u32; 2],
    }

    #[test]
    fn null_is_the_zero_value_of_every_type() {
        let text = br#"{"Text":null,"Number":null,"Flag":null,"List":null,"Map":{"a":null},"Inner":null,"Pair":null}"#;
        let expected = Sample { map: BTreeMap::from([("a".to_owned(), 0)]), ..Sample::default() };
        assert_eq!(from_slice::<Sample>(text).unwrap(), expected);
        assert_eq!(from_slice::<Sample>(b"null").unwrap(), Sample::default());
        assert_eq!(from_slice::<Sample>(br#"{"List":["a",null]}"#).unwrap().list, ["a", ""]);
    }

    #[test]
    fn keys_match_without_regard_to_case_and_an_exact_one_wins() {
        let read = |text: &str| from_slice::<Sample>(text.as_bytes()).unwrap().number;
        assert_eq!(read(r#"{"number":1}"#), 1);
        assert_eq!(read(r#"{"NUMBER":1,"Number":2,"number":3}"#), 2);
        assert_eq!(from_slice::<Sample>(br#"{"inner":{"TEXT":"x"}}"#).unwrap().inner.unwrap().text, "x");
        let map = from_slice::<Sample>(br#"{"Map":{"A":1,"a":2}}"#).unwrap().map;
        assert_eq!(map.len(), 2, "keys of maps are data");
    }

    #[test]
    fn arrays_are_filled_and_cut() {
        assert_eq!(from_slice::<Sample>(br#"{"Pair":[1]}"#).unwrap().pair, [1, 0]);
        assert_eq!(from_slice::<Sample>(br#"{"Pair":[1,2,3]}"#).unwrap().pair, [1, 2]);
    }

    #[test]
    fn errors_name_the_place_in_the_words_of_go() {
        let read = |text: &str| from_slice::<Sample>(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            read(r#"{"inner":{"Number":"1"}}"#),
            "json: cannot unmarshal string into Go struct field Inner.Number of type int64"
        );
        assert_eq!(read("[]"), "json: cannot unmarshal array into Go value of type Sample");
        assert_eq!(read(r#"{"a":"#), "unexpected EOF");
        assert_eq!(read("hello"), "invalid character 'h' looking for beginning of value");
        assert_eq!(read("{x"), "invalid character 'x' looking for beginning of object key string");
        assert_eq!(
            read(r#"{"Number":1.5}"#),
            "json: cannot unmarshal number 1.5 into Go struct field Number of type int64"
        );
        assert_eq!(read(r#"{"Text":5}"#), "json: cannot unmarshal number into Go struct field Text of type string");
        assert!(from_slice::<Sample>(b"{}{}").unwrap_err().is_trailing());
        assert_eq!(read(r#"{"a":1 "b"}"#), "invalid character '\"' after object key:value pair");
    }

    #[test]
    fn wrong_shapes_and_bad_text_are_refused() {
        for bad in ["", "{", "[]", "5", r#"{"Number":"1"}"#, r#"{"Number":1.5}"#, r#"{"List":{}}"#, "{} x"] {
            assert!(from_slice::<Sample>(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(from_slice::<Value>("[".repeat(100_000).as_bytes()).is_err());
    }
}
