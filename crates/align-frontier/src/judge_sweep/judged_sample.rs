use super::JudgeSweepOptions;
use crate::sample::{UnscoredSample, check_scores};
use crate::{Error, Result, Sample};
use align_data::judges::{JudgeWeights, JudgedText, JudgedTexts};
use serde::{Deserialize, Serialize};

/// A generated text and its scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedSample {
    /// The prompt's index.
    pub prompt: usize,
    /// The completion's token ids, including EOS if it was generated.
    pub ids: Vec<i64>,
    /// The text, including the prompt.
    pub text: String,
    /// The score by each judge.
    pub scores: Vec<f64>,
}

impl JudgedSample {
    /// Scores texts by all judges.
    pub(super) fn score(
        texts: Vec<UnscoredSample>,
        names: &[String],
        judges: &[&dyn align_inference::Judge],
    ) -> Result<Vec<Self>> {
        let refs: Vec<&str> = texts.iter().map(|sample| sample.text.as_str()).collect();
        let columns = names.iter().zip(judges).map(|(name, judge)| {
            let scores = judge.scores_of_texts(&refs).map_err(|e| Error::Score(format!("{name}: {e}")))?;
            check_scores(Some(name), &scores, refs.len()).map(|()| scores)
        });
        let columns: Vec<Vec<f64>> = columns.collect::<Result<_>>()?;
        let of_text = |row: usize| columns.iter().filter_map(|column| column.get(row).copied()).collect();
        let judged = |(row, UnscoredSample { prompt, ids, text })| Self { prompt, ids, text, scores: of_text(row) };
        Ok(texts.into_iter().enumerate().map(judged).collect())
    }

    /// The text with a reward.
    pub(super) fn with_reward(&self, reward: f64) -> Sample {
        Sample { prompt: self.prompt, ids: self.ids.clone(), text: self.text.clone(), reward }
    }
}

/// The samples as texts with scores by weighted judges.
pub(super) fn judged_texts(samples: &[JudgedSample], options: &JudgeSweepOptions) -> Result<JudgedTexts> {
    let row = |sample: &JudgedSample| JudgedText {
        prompt: options.prompts.get(sample.prompt).cloned().unwrap_or_default(),
        text: sample.text.clone(),
        scores: sample.scores.iter().copied().map(Some).collect(),
    };
    let texts = JudgedTexts::new(options.judges.iter().map(String::as_str), samples.iter().map(row).collect())?;
    Ok(texts.weighted(&JudgeWeights::InOrder(options.weights.clone()))?)
}
