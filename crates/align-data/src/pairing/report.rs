use serde::Serialize;
use std::fmt;

/// What [`pair`](super::pair) met on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PairingReport {
    /// Different prompts.
    pub prompts: usize,
    /// Texts.
    pub texts: usize,
    /// Pairs made.
    pub pairs: usize,
    /// Pairs made that the same two rows had made before.
    pub repeated_pairs: usize,
    /// Texts that repeat an earlier text of the same prompt.
    pub duplicate_texts: usize,
    /// Pairs considered and not made, since their scores are equal.
    pub tied: usize,
    /// Pairs considered and not made, since their texts are the same.
    pub identical: usize,
    /// Pairs asked for that could not be made.
    pub missing_pairs: usize,
    /// Prompts that gave no pair.
    pub skipped: Vec<SkippedPrompt>,
}

/// A prompt that gave no pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedPrompt {
    /// The prompt.
    pub prompt: String,
    /// How many texts it has.
    pub texts: usize,
    /// Why they make no pair.
    pub reason: SkipReason,
}

/// Why a prompt gave no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SkipReason {
    /// It has one text.
    SingleText,
    /// All its texts are the same.
    IdenticalTexts,
    /// All its scores are equal.
    EqualScores,
    /// The strategy found none: no two scores differ by more than the margin, or every pair that it tried was no pair.
    NothingPaired,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SingleText => "it has a single text",
            Self::IdenticalTexts => "all its texts are the same",
            Self::EqualScores => "all its scores are equal",
            Self::NothingPaired => "no pair met the strategy",
        })
    }
}

/// Skipped prompts that the report's text names; all of them are counted.
const NAMED: usize = 10;

impl fmt::Display for PairingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pairs from {} texts of {} prompts", self.pairs, self.texts, self.prompts)?;
        let counts = [
            (self.repeated_pairs, "pairs repeat an earlier one"),
            (self.duplicate_texts, "texts repeat an earlier one of their prompt"),
            (self.tied, "possible pairs left out: equal scores"),
            (self.identical, "possible pairs left out: the same text twice"),
            (self.missing_pairs, "pairs asked for could not be made"),
            (self.skipped.len(), "prompts gave no pair"),
        ];
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "\n  {count} {what}")?;
        }
        for skipped in self.skipped.iter().take(NAMED) {
            write!(f, "\n    {:?} ({} texts): {}", skipped.prompt, skipped.texts, skipped.reason)?;
        }
        if self.skipped.len() > NAMED {
            write!(f, "\n    and {} more", self.skipped.len() - NAMED)?;
        }
        Ok(())
    }
}
