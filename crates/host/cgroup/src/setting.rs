//! One value for one file.

use std::borrow::Cow;

/// One value for one file, and what the user asked for by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The controller whose hierarchy holds the file.
    pub controller: &'static str,
    /// The file's name.
    pub file: Cow<'static, str>,
    /// What is written.
    pub value: String,
    /// What was asked for, in the user's words.
    pub limit: &'static str,
}

/// Collects settings.
#[derive(Default)]
pub(crate) struct Settings(pub Vec<Setting>);

impl Settings {
    /// Adds a setting where there is a value.
    pub fn add(
        &mut self,
        controller: &'static str,
        file: impl Into<Cow<'static, str>>,
        limit: &'static str,
        value: Option<impl ToString>,
    ) {
        if let Some(value) = value {
            self.0.push(Setting { controller, file: file.into(), value: value.to_string(), limit });
        }
    }
}
