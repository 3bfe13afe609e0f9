use super::printable_name::printable_name;
use std::fmt;

/// How a checkpoint's tensors differ from those that the config asks for, each list sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// Canonical names of tensors that the checkpoint lacks.
    pub missing: Vec<String>,
    /// Stored names of tensors that the model has no place for.
    pub unexpected: Vec<String>,
    /// `name: expected shape, found shape`, or the dtype if that cannot be a weight's.
    pub misshapen: Vec<String>,
    /// `name: the stored names that all mean it`.
    pub ambiguous: Vec<String>,
}

impl Mismatch {
    /// Lines of a list shown before the rest is only counted.
    const SHOWN: usize = 20;

    pub(super) fn sort(&mut self) {
        for list in [&mut self.missing, &mut self.unexpected, &mut self.misshapen, &mut self.ambiguous] {
            list.sort();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misshapen.is_empty() && self.ambiguous.is_empty()
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            ("missing", &self.missing),
            ("unexpected", &self.unexpected),
            ("of the wrong shape or dtype", &self.misshapen),
            ("stored more than once under names that mean the same", &self.ambiguous),
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
