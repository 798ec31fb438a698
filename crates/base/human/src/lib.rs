//! Sizes, durations, dates and tables as Docker prints them.

#![forbid(unsafe_code)]
