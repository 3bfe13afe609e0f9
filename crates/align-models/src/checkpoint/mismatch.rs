use super::printable_name::printable_name;
use std::fmt;

/// The differences between the tensors in a checkpoint and those that the config requires. Each list is sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// Canonical names of missing tensors.
    pub missing: Vec<String>,
    /// Stored names of unexpected tensors.
    pub unexpected: Vec<String>,
    /// `name: expected shape, found shape`, or the dtype if it is not a floating-point dtype.
    pub mismatched: Vec<String>,
    /// `name: all stored names for it`.
    pub ambiguous: Vec<String>,
}

impl Mismatch {
    /// Maximum number of lines that are shown of a list.
    const SHOWN: usize = 20;

    pub(super) fn sort(&mut self) {
        for list in [&mut self.missing, &mut self.unexpected, &mut self.mismatched, &mut self.ambiguous] {
            list.sort();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.mismatched.is_empty() && self.ambiguous.is_empty()
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            ("missing", &self.missing),
            ("unexpected", &self.unexpected),
            ("of the wrong shape or dtype", &self.mismatched),
            ("stored more than once under equivalent names", &self.ambiguous),
        ];
        for (what, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            write!(f, "\n  {what} ({}):", list.len())?;
            for line in list.iter().take(Self::SHOWN) {
                write!(f, "\n    {}", printable_name(line))?;
            }
            if list.len() > Self::SHOWN {
                write!(f, "\n    and {} more", list.len() - Self::SHOWN)?;
            }
        }
        Ok(())
    }
}
