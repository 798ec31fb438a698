//! Sizes, durations, dates and tables as Docker prints them.
//!
//! Everything here is a pure function of its arguments: clocks and time zones are passed in. The formats are those of
//! Go's standard library and of docker's `go-units`, because scripts read them.

#![forbid(unsafe_code)]

mod date;
mod duration;
mod elapsed;
mod float;
mod parse_int;
mod query;
mod quote;
mod size;
mod table;
mod timestamp;
mod visible;
mod zone;

pub use date::{
    Instant, ParseDateError, ansic, go_string, parse_rfc3339, rfc3339_micro, rfc3339_nano, rfc3339_nine,
    rfc3339_seconds, stamp,
};
pub use duration::{GoDuration, ParseDurationError};
pub use elapsed::{elapsed, elapsed_words};
pub use float::general;
pub use parse_int::{parse_bool, parse_f64, parse_int, parse_uint};
pub use query::query_escape;
pub use quote::quote;
pub use size::{SizeError, bytes_size, decimal_size, decimal_size_with, parse_binary_size, parse_decimal_size};
pub use table::Table;
pub use timestamp::{TimestampError, timestamp};
pub use visible::visible;
pub use zone::local_zone;
