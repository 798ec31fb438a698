//! Output formats: Go templates (`base/template`), tables, JSON.

mod indent;
mod list;
pub mod natural;
mod record;

pub use indent::indent;
pub use list::{Format, List};
pub use record::{Column, Row};
pub use template::{Object, Template, Value};
