//! The messages of D-Bus: the D-Bus specification, "Type System" and "Message Protocol".

use std::io;

/// What a method takes. Texts stand for object paths as well where they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Bool(bool),
    U32(u32),
    U64(u64),
    I32(i32),
    I64(i64),
    /// `ay`.
    Bytes(Vec<u8>),
    /// `au`.
    Numbers(Vec<u32>),
    /// `as`.
    Texts(Vec<String>),
    /// `a(ss)`.
    Pairs(Vec<(String, String)>),
    /// `a(sv)`: properties of a unit.
    Properties(Vec<(String, Value)>),
    /// `a(sa(sv))`, of no element: further units.
    NoUnits,
}

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into())
    }

    fn signature(&self) -> &'static str {
        match self {
            Value::Text(_) => "s",
            Value::Bool(_) => "b",
            Value::U32(_) => "u",
            Value::U64(_) => "t",
            Value::I32(_) => "i",
            Value::I64(_) => "x",
            Value::Bytes(_) => "ay",
            Value::Numbers(_) => "au",
            Value::Texts(_) => "as",
            Value::Pairs(_) => "a(ss)",
            Value::Properties(_) => "a(sv)",
            Value::NoUnits => "a(sa(sv))",
        }
    }
}

/// A call of a method.
pub(super) struct Call {
    destination: String,
    path: String,
    interface: String,
    member: String,
    arguments: Vec<Value>,
}

impl Call {
    pub fn new(destination: &str, path: &str, interface: &str, member: &str) -> Self {
        let [destination, path, interface, member] = [destination, path, interface, member].map(str::to_owned);
        Self { destination, path, interface, member, arguments: Vec::new() }
    }

    pub fn with(mut self, argument: Value) -> Self {
        self.arguments.push(argument);
        self
    }

    pub fn encode(&self, serial: u32) -> Vec<u8> {
        let fields = [
            (field::PATH, "o", &self.path),
            (field::INTERFACE, "s", &self.interface),
            (field::MEMBER, "s", &self.member),
            (field::DESTINATION, "s", &self.destination),
        ];
        encode(Kind::Call, serial, &fields, None, &self.arguments)
    }
}

/// Codes of header fields.
mod field {
    pub const PATH: u8 = 1;
    pub const INTERFACE: u8 = 2;
    pub const MEMBER: u8 = 3;
    pub const ERROR_NAME: u8 = 4;
    pub const REPLY_SERIAL: u8 = 5;
    pub const DESTINATION: u8 = 6;
    pub const SIGNATURE: u8 = 8;
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Call = 1,
    Return = 2,
    Error = 3,
    Signal = 4,
}

fn encode(kind: Kind, serial: u32, fields: &[(u8, &str, &String)], reply_to: Option<u32>, body: &[Value]) -> Vec<u8> {
    let signature: String = body.iter().map(Value::signature).collect();
    let mut encoded = Encoder::default();
    body.iter().for_each(|value| encoded.value(value));
    let body = encoded.0;

    let mut head = Encoder(vec![b'l', kind as u8, 0, 1]);
    head.u32(body.len() as u32);
    head.u32(serial);
    head.array(8, |head| {
        let begin = |head: &mut Encoder, code: u8, signature: &str| {
            head.align(8);
            head.0.push(code);
            head.signature(signature);
        };
        for (code, signature, text) in fields {
            begin(head, *code, signature);
            head.text(text);
        }
        if let Some(serial) = reply_to {
            begin(head, field::REPLY_SERIAL, "u");
            head.u32(serial);
        }
        if !signature.is_empty() {
            begin(head, field::SIGNATURE, "g");
            head.signature(&signature);
        }
    });
    head.align(8);
    head.0.extend(body);
    head.0
}

#[derive(Default)]
struct Encoder(Vec<u8>);

impl Encoder {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn u32(&mut self, number: u32) {
        self.align(4);
        self.0.extend(number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.align(8);
        self.0.extend(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.u32(text.len() as u32);
        self.0.extend(text.bytes());
        self.0.push(0);
    }

    fn signature(&mut self, signature: &str) {
        self.0.push(signature.len() as u8);
        self.0.extend(signature.bytes());
        self.0.push(0);
    }

    /// The length counts the elements, not the padding before the first.
    fn array(&mut self, alignment: usize, elements: impl FnOnce(&mut Self)) {
        self.u32(0);
        let length = self.0.len() - 4;
        self.align(alignment);
        let begin = self.0.len();
        elements(self);
        let count = (self.0.len() - begin) as u32;
        self.0[length..length + 4].copy_from_slice(&count.to_le_bytes());
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Text(text) => self.text(text),
            Value::Bool(yes) => self.u32(u32::from(*yes)),
            Value::U32(number) => self.u32(*number),
            Value::U64(number) => self.u64(*number),
            Value::I32(number) => self.u32(*number as u32),
            Value::I64(number) => self.u64(*number as u64),
            Value::Bytes(bytes) => self.array(1, |encoder| encoder.0.extend(bytes)),
            Value::Numbers(numbers) => self.array(4, |encoder| numbers.iter().for_each(|&number| encoder.u32(number))),
            Value::Texts(texts) => self.array(4, |encoder| texts.iter().for_each(|text| encoder.text(text))),
            Value::Pairs(pairs) => self.array(8, |encoder| {
                for (left, right) in pairs {
                    encoder.align(8);
                    encoder.text(left);
                    encoder.text(right);
                }
            }),
            Value::Properties(properties) => self.array(8, |encoder| {
                for (name, value) in properties {
                    encoder.align(8);
                    encoder.text(name);
                    encoder.signature(value.signature());
                    encoder.value(value);
                }
            }),
            Value::NoUnits => self.array(8, |_| {}),
        }
    }
}

/// A message that has come.
#[derive(Debug)]
pub(super) struct Message {
    pub kind: Kind,
    /// The serial number of the call that this answers.
    pub reply_to: u32,
    /// The signal.
    pub member: String,
    /// The error's name.
    pub error: String,
    bytes: Vec<u8>,
    body: usize,
}

impl Message {
    /// How many bytes follow the first 16.
    pub fn rest(head: &[u8; 16]) -> io::Result<usize> {
        if head[0] != b'l' || head[3] != 1 {
            return Err(io::Error::other("no message of D-Bus"));
        }
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        Ok(number(12).next_multiple_of(8) + number(4))
    }

    pub fn decode(bytes: Vec<u8>) -> io::Result<Self> {
        let kind = match bytes.get(1) {
            Some(1) => Kind::Call,
            Some(2) => Kind::Return,
            Some(3) => Kind::Error,
            Some(4) => Kind::Signal,
            _ => return Err(short()),
        };
        let mut head = Decoder { bytes: &bytes, at: 12 };
        let end = head.number()? as usize + head.at;
        let mut message =
            Self { kind, reply_to: 0, member: String::new(), error: String::new(), bytes: vec![], body: 0 };
        while head.at < end {
            head.align(8);
            let code = head.byte()?;
            let signature = head.signature()?;
            match (code, signature.as_str()) {
                (field::MEMBER, "s") => message.member = head.text()?,
                (field::ERROR_NAME, "s") => message.error = head.text()?,
                (field::REPLY_SERIAL, "u") => message.reply_to = head.number()?,
                (_, "s" | "o") => drop(head.text()?),
                (_, "g") => drop(head.signature()?),
                (_, "u") => drop(head.number()?),
                _ => return Err(io::Error::other("an unknown field in a message of D-Bus")),
            }
        }
        message.body = end.next_multiple_of(8);
        message.bytes = bytes;
        Ok(message)
    }

    /// What it says, from the first on. The caller knows the types.
    pub fn body(&self) -> Decoder<'_> {
        Decoder { bytes: self.bytes.get(self.body..).unwrap_or_default(), at: 0 }
    }
}

fn short() -> io::Error {
    io::Error::other("a message of D-Bus that ends too early")
}

/// Reads one value after the other.
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Decoder<'_> {
    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn take(&mut self, count: usize) -> io::Result<&[u8]> {
        let end = self.at.checked_add(count).ok_or_else(short)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(short)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> io::Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub fn number(&mut self) -> io::Result<u32> {
        self.align(4);
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    pub fn text(&mut self) -> io::Result<String> {
        let length = self.number()? as usize;
        self.terminated(length)
    }

    fn signature(&mut self) -> io::Result<String> {
        let length = usize::from(self.byte()?);
        self.terminated(length)
    }

    fn terminated(&mut self, length: usize) -> io::Result<String> {
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.take(1)?;
        Ok(text)
    }

    /// A variant that holds a text.
    pub fn variant_text(&mut self) -> io::Result<String> {
        match self.signature()?.as_str() {
            "s" | "o" => self.text(),
            other => Err(io::Error::other(format!("a value of type {other} instead of a text"))),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An answer to the call of that number.
    pub fn answer(reply_to: u32, body: Vec<Value>) -> Vec<u8> {
        encode(Kind::Return, 1, &[], Some(reply_to), &body)
    }

    /// A signal of the manager.
    pub fn signal(member: &str, body: Vec<Value>) -> Vec<u8> {
        encode(Kind::Signal, 1, &[(field::MEMBER, "s", &member.to_owned())], None, &body)
    }

    /// Counted by hand from the specification's rules of alignment.
    #[test]
    fn a_call_has_the_bytes_of_the_specification() {
        let call = Call::new("a.b", "/o", "i.f", "M")
            .with(Value::U32(7))
            .with(Value::Properties(vec![("P".to_owned(), Value::Bool(true))]));
        let bytes = call.encode(9);
        let expected: &[u8] = b"l\x01\x00\x01\x18\x00\x00\x00\x09\x00\x00\x00\x4c\x00\x00\x00\
            \x01\x01o\x00\x02\x00\x00\x00/o\x00\x00\x00\x00\x00\x00\
            \x02\x01s\x00\x03\x00\x00\x00i.f\x00\x00\x00\x00\x00\
            \x03\x01s\x00\x01\x00\x00\x00M\x00\x00\x00\x00\x00\x00\x00\
            \x06\x01s\x00\x03\x00\x00\x00a.b\x00\x00\x00\x00\x00\
            \x08\x01g\x00\x06ua(sv)\x00\x00\x00\x00\x00\
            \x07\x00\x00\x00\x10\x00\x00\x00\
            \x01\x00\x00\x00P\x00\x01b\x00\x00\x00\x00\x01\x00\x00\x00";
        assert_eq!(bytes, expected);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let texts = vec![Value::U32(3), Value::text("ä"), Value::text(""), Value::text("last")];
        let bytes = signal("JobRemoved", texts);
        assert_eq!(Message::rest(bytes.first_chunk().unwrap()).unwrap(), bytes.len() - 16);
        let message = Message::decode(bytes.clone()).unwrap();
        assert_eq!((message.kind, message.member.as_str()), (Kind::Signal, "JobRemoved"));
        let mut body = message.body();
        assert_eq!(body.number().unwrap(), 3);
        assert_eq!([(); 3].map(|()| body.text().unwrap()), ["ä", "", "last"]);
        assert!(body.text().is_err());
        // Cut anywhere it is an error or a shorter message, and never a crash.
        for end in 0..bytes.len() {
            if let Ok(message) = Message::decode(bytes[..end].to_vec()) {
                let mut body = message.body();
                let _ = body.number().and_then(|_| body.text());
            }
        }
        // So with a length that reaches beyond all memory.
        let mut lying = bytes;
        lying[12..16].copy_from_slice(&[0xff; 4]);
        assert!(Message::decode(lying).is_err());
    }
}
