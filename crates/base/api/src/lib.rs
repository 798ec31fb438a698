//! The Engine API's JSON bodies, one module for each noun.

#![forbid(unsafe_code)]
