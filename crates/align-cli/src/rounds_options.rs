//! The options of on-policy rounds: what the policy writes, who judges it, and when the run is finished.

use crate::named_judge::{NamedJudge, check_names};
use crate::prompt_files::{PromptFiles, Prompts};
use crate::reward_model::ScoreOption;
use crate::run_input::RunInput;
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, log, models};
use align_base::format_duration;
use align_data::judges::JudgeWeights;
use align_inference::Judge;
use align_models::generation::GenerationConfig;
use align_online::{
    FunctionJudge, OnRound, PairSelection, Panel, PanelJudge, PhaseSeconds, RoundPrompt, RoundPrompts, RoundRecord,
    RoundsConfig, Schedule,
};
use align_rewards::{CommandOptions, RewardSpec};
use std::time::Duration;

/// Rounds of texts by the policy.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct RoundsOptions {
    /// Number of rounds: in each, the policy writes texts, judges score them, and the policy is trained on them.
    #[arg(long, default_value_t = 10)]
    rounds: u64,
    /// Prompts of a round. They follow one another through a random order of all prompts.
    #[arg(long, default_value_t = 32)]
    prompts_per_round: usize,
    /// Texts per prompt, at least 2. Several values with commas are spread evenly over the rounds.
    #[arg(long, default_value = "4", value_name = "N[,N...]")]
    num_generations: Schedule<usize>,
    /// Optimiser steps of a round [default: as many as use each row of the round once].
    #[arg(long)]
    steps_per_round: Option<u64>,
    /// Share of the rows of a round that is drawn from earlier rounds, from 0 to below 1.
    #[arg(long, default_value_t = 0.0)]
    replay: f64,
    /// Sampling temperature. Several values with commas are spread evenly over the rounds.
    #[arg(long, default_value = "1", value_name = "T[,T...]")]
    temperature: Schedule<f64>,
    /// Sample from this many of the most likely tokens; 0 means all.
    #[arg(long, default_value_t = 0)]
    top_k: usize,
    /// Sample from the smallest set of most likely tokens whose total probability reaches this value.
    #[arg(long, default_value_t = 1.0)]
    top_p: f64,
    /// Most tokens of a text, without its prompt.
    #[arg(long, default_value_t = 50)]
    max_new_tokens: usize,
    /// Reward function on completions, such as max-words:40, regex:PATTERN, json-keys:answer,reason, json-schema:FILE or
    /// command:PROGRAM; NAME=KIND:VALUE gives it a name. Repeat the option for several, whose rewards are added up.
    #[arg(long, value_name = "SPEC", conflicts_with = "score")]
    reward_funcs: Vec<RewardSpec>,
    /// Seconds without an answer after which a command of --reward-funcs ends the run [default: 60].
    #[arg(long, value_name = "SECONDS", requires = "reward_funcs", value_parser = clap::value_parser!(u64).range(1..))]
    reward_timeout: Option<u64>,
    /// Reward model, if there is no --judge and no --reward-funcs: a folder, or a name on the hub [default: the bundled DistilBERT].
    #[arg(long, conflicts_with_all = ["judge", "reward_funcs"])]
    reward_model: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    score: ScoreOption,
    /// Judge with its name, such as film=runs/sentiment/model:logit:POSITIVE, fluent=gpt2:mean-logp or short=words:40; repeat the option for
    /// several, whose scores are added up.
    #[arg(long, value_name = "NAME=MODEL[:SCORE]", conflicts_with = "score")]
    #[serde(serialize_with = "as_texts")]
    judge: Vec<NamedJudge>,
    /// Weights in the reward, of the functions first and then the judges: a list in their order, or NAME=WEIGHT for some of them
    /// [default: 1 for each].
    #[arg(long)]
    #[serde(serialize_with = "as_text")]
    judge_weights: Option<JudgeWeights>,
    /// Judge whose scores do not train, to see whether the policy exploits the others.
    #[arg(long, value_name = "NAME=MODEL[:SCORE]")]
    #[serde(serialize_with = "as_text")]
    held_out_judge: Option<NamedJudge>,
    /// Finish when the mean score of --held-out-judge has not risen for this many rounds.
    #[arg(long, requires = "held_out_judge")]
    held_out_patience: Option<u64>,
    /// Finish when the mean reward of a round's texts reaches this value.
    #[arg(long, allow_negative_numbers = true)]
    target_reward: Option<f64>,
    /// Budget of the KL divergence from the reference model, in nats per text: while it is exceeded, each round raises beta.
    #[arg(long)]
    target_kl: Option<f64>,
    /// Finish when the KL divergence from the reference model exceeds this value, in nats per text.
    #[arg(long)]
    max_kl: Option<f64>,
    /// Texts that a reward model scores at a time.
    #[arg(long, default_value_t = 32)]
    judge_batch_size: usize,
}

fn as_text<T: std::fmt::Display, S: serde::Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&value.as_ref().map(ToString::to_string), serializer)
}

fn as_texts<T: std::fmt::Display, S: serde::Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}

/// Writes the options of an objective without those that are set from the options of the rounds.
pub fn without_sampling<T: serde::Serialize, S: serde::Serializer>(
    config: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let value = serde_json::to_value(config).map_err(serde::ser::Error::custom)?;
    let of_rounds = ["num_generations", "max_completion_length", "temperature"];
    let fields = value.as_object().into_iter().flatten();
    serializer.collect_map(fields.filter(|(name, _)| !of_rounds.contains(&name.as_str())))
}

impl RoundsOptions {
    /// The options of the rounds, with those of `pairs`.
    pub fn config(&self, pairs: PairSelection) -> RoundsConfig {
        RoundsConfig {
            rounds: self.rounds,
            prompts_per_round: self.prompts_per_round,
            num_generations: self.num_generations.clone(),
            temperature: self.temperature.clone(),
            steps_per_round: self.steps_per_round,
            replay: self.replay,
            pairs,
            max_kl: self.max_kl,
            target_kl: self.target_kl,
            target_reward: self.target_reward,
            held_out_patience: self.held_out_patience,
            generation: GenerationConfig {
                do_sample: true,
                max_new_tokens: Some(self.max_new_tokens),
                top_k: Some(self.top_k),
                top_p: Some(self.top_p),
                ..GenerationConfig::default()
            },
        }
    }

    /// The largest number of texts per prompt, the first temperature, and the most tokens of a text, for objectives that need them.
    pub fn sampling(&self) -> (usize, f64, usize) {
        let most = self.num_generations.values().iter().copied().max().unwrap_or(2);
        (most, self.temperature.at(0, self.rounds), self.max_new_tokens)
    }

    /// Loads the judges. `reward_weights` are their weights if another option gives them.
    pub fn panel(&self, runtime: &RuntimeOptions, reward_weights: Option<&[f64]>) -> Result<Panel, Failure> {
        let weights = match (&self.judge_weights, reward_weights) {
            (Some(_), Some(_)) => {
                let problem = "--judge-weights and --reward-weights are two names of the same: give one of them";
                return Err(UsageError::new(problem).into());
            }
            (None, Some(weights)) => Some(JudgeWeights::InOrder(weights.to_vec())),
            (weights, None) => weights.clone(),
        };
        let functions: Vec<&str> = self.reward_funcs.iter().map(RewardSpec::name).collect();
        check_names(&self.judge, &functions)?;
        let mut judges: Vec<(String, Box<dyn Judge>)> = Vec::new();
        let timeout = self.reward_timeout.map(|timeout| CommandOptions { timeout: Duration::from_secs(timeout) });
        let commands = timeout.unwrap_or_default();
        for spec in &self.reward_funcs {
            let function = spec.build(&commands)?;
            judges.push((spec.name().to_owned(), Box::new(FunctionJudge::new(function, spec.to_string()))));
        }
        for judge in &self.judge {
            judges.push((judge.name.clone(), judge.load(runtime, self.judge_batch_size)?));
        }
        if judges.is_empty() {
            let folder = models::folder("--reward-model", self.reward_model.as_deref(), models::BUNDLED_REWARD_MODEL)?;
            judges
                .push(("reward_model".to_owned(), Box::new(self.score.load(&folder, runtime, self.judge_batch_size)?)));
        }
        let names: Vec<String> = judges.iter().map(|(name, _)| name.clone()).collect();
        if let Some(given) = reward_weights.filter(|given| given.len() != names.len()) {
            let (given, names) = (given.len(), names.join(", "));
            let problem = format!("--reward-weights has {given} numbers: give one for each of {names}");
            return Err(UsageError::new(problem).into());
        }
        let weights = match weights {
            Some(weights) => weights.of(&names)?,
            None => vec![1.0; names.len()],
        };
        let judges = judges.into_iter().zip(weights);
        let panel = Panel::new(judges.map(|((name, judge), weight)| PanelJudge { name, weight, judge }).collect())?;
        match &self.held_out_judge {
            Some(judge) => Ok(panel.with_held_out(&judge.name, judge.load(runtime, self.judge_batch_size)?)?),
            None => Ok(panel),
        }
    }
}

/// The prompts of a run.
pub fn round_prompts(files: &PromptFiles) -> Result<RoundPrompts, Failure> {
    let prompts = match files.read()? {
        Prompts::Texts(texts) => texts.into_iter().map(RoundPrompt::Text).collect(),
        Prompts::Conversations(conversations) => conversations.into_iter().map(RoundPrompt::Conversation).collect(),
    };
    let name = files.train_name();
    let name = name.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(RoundPrompts { name, files: files.file().cloned().into_iter().collect(), prompts })
}

/// Prints a line for each round of `rounds`, and at the end how long the phases of all took.
pub fn log_rounds(rounds: u64) -> OnRound {
    let mut total = PhaseSeconds::default();
    Box::new(move |record, reason| {
        total = total.plus(record.seconds);
        log::training_record("round", &RoundRecord { groups: Vec::new(), ..record.clone() }, || line(record, rounds));
        if let Some(reason) = reason {
            log::training_record("finish", &serde_json::json!({ "reason": reason }), || format!("finished: {reason}"));
        }
        if reason.is_some() || record.round > rounds {
            log::training_record("phases", &total, || phases(total));
        }
    })
}

/// How long the phases took, in a line.
fn phases(total: PhaseSeconds) -> String {
    let PhaseSeconds { training_before, generation, scoring, log_probabilities } = total;
    let [writing, judging, logps, training] = [generation, scoring, log_probabilities, training_before]
        .map(|seconds| format_duration(Duration::from_secs_f64(seconds)));
    format!("writing {writing}, judging {judging}, log-probs {logps}, training {training}")
}

/// What a round measured, in a line.
fn line(record: &RoundRecord, rounds: u64) -> String {
    let name = match record.round > rounds {
        true => "trained policy".to_owned(),
        false => format!("round {}/{rounds}", record.round),
    };
    let figure =
        |name: &str, words: &str| record.metric(name).map(|value| format!(", {words} {value:.3}")).unwrap_or_default();
    let held_out = record.metrics.iter().find(|(name, _)| name.starts_with("held_out/"));
    let held_out = held_out.map(|(_, value)| format!(", held-out {value:.3}")).unwrap_or_default();
    let reward = record.metric("reward").unwrap_or_default();
    let time = |seconds: f64| format_duration(Duration::from_secs_f64(seconds));
    let writing = time(record.seconds.generation + record.seconds.scoring + record.seconds.log_probabilities);
    format!("{name}: reward {reward:.3}{held_out}{}; texts took {writing}", figure("objective/kl", "KL"))
}
