//! Reading a launcher's environment variables.

use super::error::LaunchError;

/// The environment of a process, or of a test.
pub(super) struct Variables<'a> {
    pub(super) lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Variables<'_> {
    /// The value of a variable. An empty one counts as not set.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    pub(super) fn number(&self, name: &'static str) -> Result<Option<usize>, LaunchError> {
        let Some(value) = self.text(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| LaunchError::NotANumber { name, value })
    }

    /// A number that must be set because `given` is set.
    pub(super) fn number_with(&self, name: &'static str, given: &'static str) -> Result<usize, LaunchError> {
        self.number(name)?.ok_or(LaunchError::Missing { name, given })
    }

    /// True or False, as Python writes them; `None` if the variable is not set.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, LaunchError> {
        let Some(value) = self.text(name) else { return Ok(None) };
        match value.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(LaunchError::NotAFlag { name, value }),
        }
    }
}
