//! `--judge NAME=MODEL[:SCORE]`.

use crate::reward_model::ScoreOption;
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, models};
use align_distributed::ProcessGroup;
use align_inference::{Judge, MeanLogp, TextMeasure};
use align_models::score::Score;
use align_online::FunctionJudge;
use align_rewards::{CommandOptions, RewardSpec};
use align_train::nearest_name;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A judge with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedJudge {
    /// Its name, for columns and tables.
    pub name: String,
    /// How it scores.
    pub source: JudgeSource,
}

/// How a judge scores texts.
#[derive(Debug, Clone, PartialEq)]
pub enum JudgeSource {
    /// By a classifier or reward model: a folder, or a name on the hub.
    RewardModel { model: String, score: Option<Score> },
    /// By the mean log-probability under a language model.
    MeanLogp { model: String },
    /// By its words.
    TextMeasure(TextMeasure),
    /// By a reward function.
    Function(RewardSpec),
}

/// How a score begins after the colon that separates it from the model.
const SCORES: [&str; 5] = ["scalar", "logit:", "minus-logit:", "log-odds:", "probability:"];
const MEAN_LOGP: &str = "mean-logp";

impl NamedJudge {
    /// Loads the judge, which scores `batch_size` texts at a time.
    pub fn load(&self, runtime: &RuntimeOptions, batch_size: usize) -> Result<Box<dyn Judge>, Failure> {
        self.load_in_group(runtime, batch_size, &Arc::new(ProcessGroup::single()))
    }

    /// Like [`load`](Self::load); the processes of a group share the work of the judge.
    pub fn load_in_group(
        &self,
        runtime: &RuntimeOptions,
        batch_size: usize,
        group: &Arc<ProcessGroup>,
    ) -> Result<Box<dyn Judge>, Failure> {
        Ok(match &self.source {
            JudgeSource::RewardModel { model, score } => {
                let (option, score) = (format!("--judge {}", self.name), ScoreOption { score: score.clone() });
                let model = score.load_for(&option, &models::fetch(model)?, runtime, batch_size)?;
                Box::new(model.with_process_group(group.clone()))
            }
            JudgeSource::MeanLogp { model } => {
                let folder = models::fetch(model)?;
                let model = models::causal_lm(&folder, runtime.dtype, runtime.device()?)?;
                let tokenizer = models::tokenizer(&folder, model.vocab_size())?;
                Box::new(MeanLogp::new(model, tokenizer, batch_size).with_process_group(group.clone()))
            }
            JudgeSource::TextMeasure(measure) => Box::new(*measure),
            JudgeSource::Function(spec) => {
                Box::new(FunctionJudge::new(spec.build(&CommandOptions::default())?, spec.to_string()))
            }
        })
    }
}

/// Fails if two judges have the same name, or one has a name that is taken.
pub fn check_names(judges: &[NamedJudge], taken: &[&str]) -> Result<(), Failure> {
    for (place, judge) in judges.iter().enumerate() {
        let name = &judge.name;
        if judges.iter().take(place).any(|other| other.name == *name) {
            return Err(UsageError::new(format!("--judge {name}: two judges have this name: give each its own")).into());
        }
        if taken.contains(&name.as_str()) {
            let problem = format!("--judge {name}: the table has a column of this name: choose another name");
            return Err(UsageError::new(problem).into());
        }
    }
    Ok(())
}

impl JudgeSource {
    /// The source for a report: models by their names without a path.
    pub fn display_name(&self) -> String {
        let named = |model: &str| models::display_name(Some(model), "");
        match self {
            Self::RewardModel { model, score } => {
                Self::RewardModel { model: named(model), score: score.clone() }.to_string()
            }
            Self::MeanLogp { model } => Self::MeanLogp { model: named(model) }.to_string(),
            Self::TextMeasure(_) | Self::Function(_) => self.to_string(),
        }
    }
}

impl fmt::Display for NamedJudge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.source)
    }
}

impl fmt::Display for JudgeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RewardModel { model, score: Some(score) } => write!(f, "{model}:{score}"),
            Self::RewardModel { model, score: None } => f.write_str(model),
            Self::MeanLogp { model } => write!(f, "{model}:{MEAN_LOGP}"),
            Self::TextMeasure(measure) => measure.fmt(f),
            Self::Function(spec) => spec.fmt(f),
        }
    }
}

impl FromStr for NamedJudge {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once('=').filter(|(name, rest)| !name.is_empty() && !rest.is_empty()).ok_or(
            "expected NAME=MODEL or NAME=MODEL:SCORE, such as helpful=runs/reward/model, film=runs/sentiment/model:logit:POSITIVE or \
             short=words:40",
        )?;
        // Lists of judges separate names by commas.
        if name.contains(|c: char| c == ',' || c.is_control()) || name.trim() != name {
            return Err(format!(
                "found {name:?}, but the name of a judge has no commas or line breaks, nor spaces at its ends"
            ));
        }
        Ok(Self { name: name.to_owned(), source: rest.parse()? })
    }
}

impl FromStr for JudgeSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let kind = text.split_once(':').map_or(text, |(kind, _)| kind);
        if text.contains("..") && kind == "words" || kind != "words" && is_function(kind) {
            return text.parse().map(Self::Function).map_err(|e: align_rewards::Error| e.to_string());
        }
        if text.starts_with("words:") || text.starts_with("distinct:") {
            return Ok(Self::TextMeasure(text.parse()?));
        }
        // The name of a model may contain a colon; a score begins with one of its forms.
        let mut colons = text.match_indices(':').map(|(at, _)| (&text[..at], &text[at + 1..]));
        let is_score = |score: &str| score == MEAN_LOGP || SCORES.iter().any(|form| score.starts_with(form));
        let source = match colons.find(|(_, score)| is_score(score)) {
            Some(("", _)) => return Err(format!("{text:?} has no model before the score")),
            Some((model, MEAN_LOGP)) => Self::MeanLogp { model: model.to_owned() },
            Some((model, score)) => {
                let score = score.parse::<Score>().map_err(|e| e.to_string())?;
                Self::RewardModel { model: model.to_owned(), score: Some(score) }
            }
            None => match near_form(text) {
                Some(problem) => return Err(problem),
                None => Self::RewardModel { model: text.to_owned(), score: None },
            },
        };
        Ok(source)
    }
}

/// Whether this is the kind of a reward function, the word before its colon.
fn is_function(kind: &str) -> bool {
    RewardSpec::examples().any(|example| example.split_once(':').map_or(example, |(kind, _)| kind) == kind)
}

/// What is wrong with a form that was not quite written.
fn near_form(text: &str) -> Option<String> {
    if text == "words" || text == "distinct" {
        return Some(format!("{text} needs a number, such as {text}:2; a folder of this name is ./{text}"));
    }
    let forms = ["scalar", "logit", "minus-logit", "log-odds", "probability", MEAN_LOGP, "words", "distinct"];
    let found = text.rsplit_once(':')?.1;
    let meant = nearest_name(found, forms.into_iter())?;
    Some(format!("{found:?} is not a form of a score; did you mean {meant}?"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_score_is_optional_and_may_contain_colons() {
        let source = |text: &str| text.parse::<NamedJudge>().unwrap().source;
        let reward_model = |model: &str, score: Option<&str>| JudgeSource::RewardModel {
            model: model.to_owned(),
            score: score.map(|score| score.parse().unwrap()),
        };
        assert_eq!(source("a=runs/reward/model"), reward_model("runs/reward/model", None));
        assert_eq!(source("a=user/name@main:scalar"), reward_model("user/name@main", Some("scalar")));
        assert_eq!(source("a=b:c:log-odds:very:good"), reward_model("b:c", Some("log-odds:very:good")));
        assert_eq!(source("a=./words:mean-logp"), JudgeSource::MeanLogp { model: "./words".to_owned() });
        assert_eq!(source("a=distinct:3"), JudgeSource::TextMeasure(TextMeasure::DistinctNgrams(3)));
        let function = source("a=json-keys:answer,reason");
        assert!(matches!(function, JudgeSource::Function(_)), "{function:?}");
        for text in ["a=b:c:log-odds:very:good", "a=m:mean-logp", "a=words:7", "a=words:1..40", "a=max-words:40"] {
            assert_eq!(format!("a={}", source(text)), text);
        }
        for wrong in [
            "reward",
            "=model",
            "a=",
            "a=:scalar",
            "a=:mean-logp",
            "a=b:logit:",
            "a=words:0",
            "a=distinct:x",
            "a,b=words:7",
            " a=words:7",
            "a=words",
            "a=m:meanlogp",
            "a=m:scaler",
            "a=regex:(",
            "a=words:40..1",
        ] {
            assert!(wrong.parse::<NamedJudge>().is_err(), "{wrong}");
        }
    }
}
