use align_base::counted;
use align_choice::likes::{Attention, Measure, Prior};
use serde::Serialize;
use std::fmt;

/// What the probabilities of likes are based on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LikesReport {
    /// Number of texts.
    pub texts: usize,
    /// Number of distinct prompts.
    pub prompts: usize,
    /// By what a text is liked more.
    pub measure: Measure,
    /// The prior.
    pub prior: Prior,
    /// The mean of the prior.
    pub prior_mean: f64,
    /// How exposure follows from times; only if likes are measured per time.
    pub attention: Option<Attention>,
    /// Hours in which attention halves, if it does.
    pub half_life: Option<f64>,
}

/// Statistics of [`pair_liked`](super::pair_liked).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LikedPairReport {
    /// What the probabilities are based on.
    pub likes: LikesReport,
    /// Number of pairs.
    pub pairs: usize,
    /// Candidate pairs whose probability is too small.
    pub improbable: usize,
    /// Candidate pairs that were skipped because their texts are identical.
    pub identical: usize,
    /// Pairs that are probable enough, but more than were requested per prompt.
    pub not_drawn: usize,
    /// Prompts with a single text.
    pub single_texts: usize,
    /// Prompts with several texts, but without a pair.
    pub prompts_without_pairs: usize,
}

/// Statistics of [`label`](super::label).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelReport {
    /// What the credible bounds are based on.
    pub likes: LikesReport,
    /// Texts that are liked more than the median.
    pub desirable: usize,
    /// Texts that are liked less than the median.
    pub undesirable: usize,
    /// Texts whose credible bounds contain the median, which are left out.
    pub undecided: usize,
    /// Texts that are alone with their prompt, which are left out if they are compared within prompts.
    pub single_texts: usize,
}

impl fmt::Display for LikesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measure = match self.measure {
            Measure::PerView => "likes per view".to_owned(),
            Measure::Approval => "likes against dislikes".to_owned(),
            Measure::PerTime => match (self.attention, self.half_life) {
                (Some(attention), Some(hours)) => {
                    format!("likes per hour of attention to a {attention}, which halves every {hours} h")
                }
                _ => "likes, of texts that are seen equally".to_owned(),
            },
        };
        write!(f, "\n  {measure}: prior {}, mean {:.4}", self.prior, self.prior_mean)
    }
}

impl fmt::Display for LikedPairReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pairs, texts) = (counted(self.pairs, "pair"), counted(self.likes.texts, "text"));
        write!(f, "{pairs} from {texts} of {}{}", counted(self.likes.prompts, "prompt"), self.likes)?;
        let counts = [
            (self.improbable, "candidate pair", " skipped: not probable enough"),
            (self.identical, "candidate pair", " skipped: identical texts"),
            (self.not_drawn, "pair", " not drawn: more than were requested"),
            (self.single_texts, "prompt", " with a single text"),
            (self.prompts_without_pairs, "prompt", " with several texts, but without a pair"),
        ];
        write_counts(f, &counts)
    }
}

impl fmt::Display for LabelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (desirable, texts) = (counted(self.desirable, "desirable text"), counted(self.likes.texts, "text"));
        let prompts = counted(self.likes.prompts, "prompt");
        write!(f, "{desirable} and {} undesirable of {texts} of {prompts}{}", self.undesirable, self.likes)?;
        let counts = [
            (self.undecided, "text", " left out: the credible bounds contain the median"),
            (self.single_texts, "text", " left out: the only one of its prompt"),
        ];
        write_counts(f, &counts)
    }
}

fn write_counts(f: &mut fmt::Formatter<'_>, counts: &[(usize, &str, &str)]) -> fmt::Result {
    for (count, noun, rest) in counts.iter().filter(|(count, ..)| *count > 0) {
        write!(f, "\n  {}{rest}", counted(*count, noun))?;
    }
    Ok(())
}
