use align_base::counted;
use serde::Serialize;
use std::fmt;

/// Statistics of [`pair`](super::pair).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PairingReport {
    /// Number of distinct prompts.
    pub prompts: usize,
    /// Number of texts.
    pub texts: usize,
    /// Number of pairs.
    pub pairs: usize,
    /// Pairs that repeat an earlier pair of rows.
    pub repeated_pairs: usize,
    /// Texts that repeat an earlier text of the same prompt.
    pub duplicate_texts: usize,
    /// Candidate pairs that were skipped because their scores are equal.
    pub tied: usize,
    /// Candidate pairs that were skipped because their texts are identical.
    pub identical: usize,
    /// Requested pairs that could not be made.
    pub missing_pairs: usize,
    /// Prompts without any pair.
    pub skipped: Vec<SkippedPrompt>,
}

/// A prompt without any pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedPrompt {
    /// The prompt.
    pub prompt: String,
    /// Its number of texts.
    pub texts: usize,
    /// Why no pair could be made.
    pub reason: SkipReason,
}

/// Why a prompt has no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SkipReason {
    /// It has only one text.
    SingleText,
    /// All its texts are identical.
    IdenticalTexts,
    /// All its scores are equal.
    EqualScores,
    /// The strategy found no pair: no score difference exceeds the margin, or no draw gave a valid pair.
    NothingPaired,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SingleText => "it has a single text",
            Self::IdenticalTexts => "all its texts are identical",
            Self::EqualScores => "all its scores are equal",
            Self::NothingPaired => "the strategy found no pair",
        })
    }
}

/// Most skipped prompts that the text form lists. All are counted.
const MAX_LISTED_PROMPTS: usize = 10;

impl fmt::Display for PairingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pairs, texts) = (counted(self.pairs, "pair"), counted(self.texts, "text"));
        write!(f, "{pairs} from {texts} of {}", counted(self.prompts, "prompt"))?;
        let counts = [
            (self.repeated_pairs, "pair", " that repeat earlier ones"),
            (self.duplicate_texts, "repeated text", ""),
            (self.tied, "candidate pair", " skipped: equal scores"),
            (self.identical, "candidate pair", " skipped: identical texts"),
            (self.missing_pairs, "requested pair", " could not be made"),
            (self.skipped.len(), "prompt", " without a pair"),
        ];
        for (count, noun, rest) in counts.into_iter().filter(|(count, ..)| *count > 0) {
            write!(f, "\n  {}{rest}", counted(count, noun))?;
        }
        for skipped in self.skipped.iter().take(MAX_LISTED_PROMPTS) {
            write!(f, "\n    {:?} ({}): {}", skipped.prompt, counted(skipped.texts, "text"), skipped.reason)?;
        }
        if self.skipped.len() > MAX_LISTED_PROMPTS {
            write!(f, "\n    and {} more", self.skipped.len() - MAX_LISTED_PROMPTS)?;
        }
        Ok(())
    }
}
