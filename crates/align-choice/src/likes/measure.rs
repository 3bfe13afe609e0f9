use super::LikesError;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

/// By what a text is liked more than another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The probability that a viewer likes the text: likes out of views.
    PerView,
    /// The probability that a reaction is a like: likes out of likes and dislikes.
    Approval,
    /// The rate of likes: likes in the time that the text was seen.
    PerTime,
}

impl Measure {
    /// The measures and their names.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::PerView, "per-view"), (Self::Approval, "approval"), (Self::PerTime, "per-time")];

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(measure, _)| *measure == self).map_or("", |(_, name)| name)
    }
}

impl Display for Measure {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Measure {
    type Err = LikesError;

    fn from_str(text: &str) -> Result<Self, LikesError> {
        let known = Self::ALL.iter().find(|(_, name)| *name == text).map(|(measure, _)| *measure);
        let expected = "per-view, approval or per-time";
        known.ok_or_else(|| LikesError::Option { option: "measure", expected, found: format!("{text:?}") })
    }
}
