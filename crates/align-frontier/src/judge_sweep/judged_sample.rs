use crate::sample::{WrittenText, check_scores};
use crate::{Error, Result, Sample};
use align_choice::{Judge, Options, Rule, ScoreTable};
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
        texts: Vec<WrittenText>,
        names: &[String],
        judges: &[&dyn align_inference::Judge],
    ) -> Result<Vec<Self>> {
        let refs: Vec<&str> = texts.iter().map(|written| written.text.as_str()).collect();
        let columns = names.iter().zip(judges).map(|(name, judge)| {
            let failed = |problem: String| Error::Score(format!("{name}: {problem}"));
            let scores = judge.scores_of_texts(&refs).map_err(|e| failed(e.to_string()))?;
            check_scores(&scores, refs.len()).map(|()| scores)
        });
        let columns: Vec<Vec<f64>> = columns.collect::<Result<_>>()?;
        let of_text = |row: usize| columns.iter().filter_map(|column| column.get(row).copied()).collect();
        let judged = |(row, WrittenText { prompt, ids, text })| Self { prompt, ids, text, scores: of_text(row) };
        Ok(texts.into_iter().enumerate().map(judged).collect())
    }

    /// The text with a reward.
    pub(super) fn with_reward(&self, reward: f64) -> Sample {
        Sample { prompt: self.prompt, ids: self.ids.clone(), text: self.text.clone(), reward }
    }
}

/// The scores of the texts of each prompt.
pub(super) fn score_tables(samples: &[JudgedSample], judges: &[String], weights: &[f64]) -> Result<Vec<ScoreTable>> {
    let table = |texts: &[JudgedSample]| {
        let judge = |(index, (name, weight)): (usize, (&String, &f64))| {
            let scores = texts.iter().filter_map(|text| text.scores.get(index).copied());
            Judge::new(name, scores).weighted(*weight)
        };
        let judges = judges.iter().zip(weights).enumerate().map(judge);
        let table = ScoreTable::new(texts.iter().map(|text| text.text.as_str()), judges);
        table.map_err(|e| Error::Score(e.to_string()))
    };
    samples.chunk_by(|a, b| a.prompt == b.prompt).map(table).collect()
}

/// The texts with their rank by a rule among the texts of their prompt as reward: 0 for the winners, −1 for those in second place, and so on.
pub(super) fn ranked_by(
    rule: &Rule,
    samples: &[JudgedSample],
    judges: &[String],
    weights: &[f64],
) -> Result<Vec<Sample>> {
    let tables = score_tables(samples, judges, weights)?;
    let mut ranked = Vec::with_capacity(samples.len());
    for (texts, table) in samples.chunk_by(|a, b| a.prompt == b.prompt).zip(&tables) {
        let outcome = rule.apply(table, &Options::default());
        let ranking = outcome.map_err(|e| Error::Score(format!("{rule}: {e}")))?.ranking;
        let reward = |index: usize| -(ranking.tier(index).unwrap_or_default() as f64);
        ranked.extend(texts.iter().enumerate().map(|(index, text)| text.with_reward(reward(index))));
    }
    Ok(ranked)
}
