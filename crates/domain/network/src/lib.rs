//! Networks: bridge, addresses, published ports, name files.

#![forbid(unsafe_code)]
