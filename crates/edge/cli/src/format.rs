//! Output formats: Go templates, tables, JSON.

mod eval;
mod funcs;
mod indent;
mod list;
pub mod natural;
mod record;
mod template;
mod undefined;
mod value;

pub use indent::indent;
pub use list::{Format, List};
pub use record::{Column, Row};
pub use template::Template;
pub use value::{Object, Value};
