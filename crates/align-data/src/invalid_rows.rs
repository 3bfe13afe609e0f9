use crate::{EncodeReport, Error, Result};
use serde::{Deserialize, Serialize};

/// What happens to rows that teach nothing: rows that the chat template refuses, rows without a completion token, and
/// pairs whose two sides are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum InvalidRows {
    /// They are left out, and reported with their numbers.
    #[default]
    Drop,
    /// They are an error.
    Refuse,
    /// Pairs of equal sides are kept, as TRL keeps them. The other rows are left out.
    KeepEqual,
}

impl InvalidRows {
    /// Fails if rows were dropped and that is to be an error.
    pub(crate) fn check(self, report: &EncodeReport) -> Result<()> {
        match self == Self::Refuse && !report.invalid_rows().is_empty() {
            true => Err(Error::invalid_rows(report.clone())),
            false => Ok(()),
        }
    }
}
