use super::{JudgedPairOptions, JudgedTexts};
use align_base::counted;
use align_choice::Rule;
use serde::Serialize;
use std::fmt;

/// Statistics of [`pair_judged`](super::pair_judged).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedPairReport {
    /// The rule.
    pub rule: Rule,
    /// The judges.
    pub judges: Vec<String>,
    /// Their weights.
    pub weights: Vec<f64>,
    /// Number of distinct prompts.
    pub prompts: usize,
    /// Number of rows.
    pub texts: usize,
    /// Number of pairs.
    pub pairs: usize,
    /// The mean share of the judges that agree with a pair, if there are any pairs.
    pub mean_agreement: Option<f64>,
    /// Pairs with which fewer than half of the judges agree.
    pub against_majority: usize,
    /// Pairs that repeat an earlier pair of texts.
    pub repeated_pairs: usize,
    /// Rows that repeat the text of an earlier row of the same prompt.
    pub repeated_texts: usize,
    /// Candidate pairs of which the rule ranks neither text above the other.
    pub tied: usize,
    /// Candidate pairs of which no judge scores both texts.
    pub not_compared: usize,
    /// Candidate pairs of which all judges that score both texts prefer the one that the rule ranks lower.
    pub contradicted: usize,
    /// Other candidate pairs with which fewer judges agree than `min_agreement`.
    pub too_little_agreement: usize,
    /// Candidate pairs whose scores differ by too little.
    pub below_margin: usize,
    /// Requested pairs that could not be made.
    pub missing_pairs: usize,
    /// Prompts with a single text.
    pub single_texts: usize,
    /// Prompts with several texts, but without a pair.
    pub prompts_without_pairs: usize,
    /// Prompts for which the ranking of Kemeny-Young is not known to be the best one.
    pub inexact: usize,
}

impl JudgedPairReport {
    pub(super) fn new(texts: &JudgedTexts, options: &JudgedPairOptions, prompts: usize) -> Self {
        Self {
            rule: options.rule.clone(),
            judges: texts.judges().to_vec(),
            weights: texts.weights().to_vec(),
            prompts,
            texts: texts.rows().len(),
            pairs: 0,
            mean_agreement: None,
            against_majority: 0,
            repeated_pairs: 0,
            repeated_texts: 0,
            tied: 0,
            not_compared: 0,
            contradicted: 0,
            too_little_agreement: 0,
            below_margin: 0,
            missing_pairs: 0,
            single_texts: 0,
            prompts_without_pairs: 0,
            inexact: 0,
        }
    }

    /// Adds the numbers of pairs by the agreement of the judges with them.
    pub(super) fn summarise(&mut self, agreements: &[f64]) {
        self.pairs = agreements.len();
        let sum: f64 = agreements.iter().sum();
        self.mean_agreement = (!agreements.is_empty()).then(|| sum / agreements.len() as f64);
        self.against_majority = agreements.iter().filter(|agreement| **agreement < 0.5).count();
    }
}

impl fmt::Display for JudgedPairReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pairs, texts) = (counted(self.pairs, "pair"), counted(self.texts, "text"));
        write!(f, "{pairs} from {texts} of {} by {}", counted(self.prompts, "prompt"), self.rule)?;
        if let Some(agreement) = self.mean_agreement {
            write!(f, "\n  on average {:.1}% of the judges agree with a pair", 100.0 * agreement)?;
        }
        let counts = [
            (self.against_majority, "pair", " with which less than half of the judges agree"),
            (self.repeated_pairs, "pair", " that repeat earlier ones"),
            (self.repeated_texts, "repeated text", ""),
            (self.tied, "candidate pair", " skipped: the rule ranks neither text above the other"),
            (self.not_compared, "candidate pair", " skipped: no judge scores both texts"),
            (self.contradicted, "candidate pair", " skipped: all judges prefer the text that the rule ranks lower"),
            (
                self.too_little_agreement,
                "candidate pair",
                " skipped: fewer judges agree than the least share asked for",
            ),
            (self.below_margin, "candidate pair", " skipped: the rule's scores differ by too little"),
            (self.missing_pairs, "requested pair", " could not be made"),
            (self.single_texts, "prompt", " with a single text"),
            (self.prompts_without_pairs, "prompt", " with several texts, but without a pair"),
            (self.inexact, "prompt", " ranked approximately: there are too many texts to find the best ranking"),
        ];
        for (count, noun, rest) in counts.iter().filter(|(count, ..)| *count > 0) {
            write!(f, "\n  {}{rest}", counted(*count, noun))?;
        }
        Ok(())
    }
}
