//! The options of `align frontier`.

use super::judge_arguments::JudgeArguments;
use crate::held_out::is_held_out;
use crate::json_output::JsonOption;
use crate::processes::ProcessOptions;
use crate::reward_model::ScoreOption;
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions};
use align_data::{NOTEBOOK_PROMPTS, Tokenizer};
use align_frontier::{LossSetting, Point, SamplingOptions, SweepOptions, points};
use align_metrics::Bootstrap;
use align_train::{DpoConfig, TrainingConfig};
use clap::Args;
use std::path::PathBuf;

const DEFAULT_LOSSES: [&str; 4] = ["sigmoid", "sigmoid+js_divergence", "hinge", "ipo"];
/// The default betas for losses of summed log-ratios: from strong to weak regularisation towards the reference.
const BETAS: [f64; 5] = [3.0, 1.0, 0.3, 0.1, 0.03];
/// Factor on the default betas for losses normalised by length; one near the mean length would give about the same regularisation.
const LENGTH_NORMALISED_FACTOR: f64 = 10.0;
/// The default numbers of texts and pairs per prompt.
const TEXTS: Texts = Texts { training: 10, evaluation: 8, pairs: 10 };
const QUICK_TEXTS: Texts = Texts { training: 6, evaluation: 4, pairs: 6 };
/// Many small steps: with few large ones, noise moves the policy about equally far at any beta.
const STEPS: Steps = Steps { learning_rate: 3e-5, epochs: 8.0, pairs: 16 };
const QUICK_STEPS: Steps = Steps { learning_rate: 1e-4, epochs: 2.5, pairs: 32 };

struct Texts {
    training: usize,
    evaluation: usize,
    pairs: usize,
}

struct Steps {
    learning_rate: f64,
    epochs: f64,
    pairs: usize,
}

/// Sweeps over losses and betas: one training run and evaluation per point, then a CSV file, figures and a report. Run the same command
/// again to continue a sweep that was stopped or killed.
#[derive(Args)]
pub struct Options {
    /// Folder of the sweep: one file per finished point, then frontier.csv, the figures and report.html.
    #[arg(long)]
    pub output_dir: PathBuf,
    /// Language model to align: a folder in transformers' layout, a GGUF file, or user/name[@revision] on the hub [default: the bundled GPT-2].
    #[arg(long)]
    pub model: Option<String>,
    /// Classifier or reward model whose score is the reward [default: the bundled sentiment classifier].
    #[arg(long)]
    pub reward_model: Option<String>,
    #[command(flatten)]
    pub score: ScoreOption,
    #[command(flatten)]
    pub judges: JudgeArguments,
    /// Comma-separated losses. A divergence other than reverse_kl is added with a plus sign: sigmoid+js_divergence
    /// [default: sigmoid,sigmoid+js_divergence,hinge,ipo; with --judge sigmoid].
    #[arg(long, value_delimiter = ',')]
    pub losses: Option<Vec<LossSetting>>,
    /// Comma-separated betas for all losses without --betas-for [default: five from 0.03 to 3; ten times these for length-normalised
    /// losses; with --judge 0.1].
    #[arg(long, value_delimiter = ',')]
    pub betas: Option<Vec<f64>>,
    /// Betas for one loss, such as ipo=0.1,1,10; may be repeated.
    #[arg(long, value_parser = parse_betas_for)]
    pub betas_for: Vec<(LossSetting, BetaList)>,
    /// Coarse sweep in a few minutes: three betas per loss, fewer texts, fewer steps with a larger learning rate.
    #[arg(long, conflicts_with = "betas")]
    pub quick: bool,
    /// Texts per prompt to evaluate each policy on [default: 8; with --quick 4].
    #[arg(long)]
    pub texts_per_prompt: Option<usize>,
    /// Texts per prompt to make pairs from [default: 10; with --quick 6].
    #[arg(long)]
    pub training_texts_per_prompt: Option<usize>,
    /// Pairs per prompt [default: 10; with --quick 6].
    #[arg(long)]
    pub pairs_per_prompt: Option<usize>,
    /// Maximum number of new tokens after each prompt.
    #[arg(long, default_value_t = 48)]
    pub max_new_tokens: usize,
    /// Number of texts generated, scored or evaluated at a time.
    #[arg(long, default_value_t = 128)]
    pub batch_size: usize,
    /// Peak learning rate [default: 3e-5; with --quick 1e-4].
    #[arg(long)]
    pub learning_rate: Option<f64>,
    /// Number of epochs [default: 8; with --quick 2.5].
    #[arg(long)]
    pub num_train_epochs: Option<f64>,
    /// Pairs per step [default: 16; with --quick 32].
    #[arg(long)]
    pub per_device_train_batch_size: Option<usize>,
    /// Seed for all random numbers.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    #[command(flatten)]
    pub json: JsonOption,
    #[command(flatten)]
    pub runtime: RuntimeOptions,
    #[command(flatten)]
    pub processes: ProcessOptions,
}

/// A list of betas as the value of one option.
#[derive(Debug, Clone)]
pub struct BetaList(Vec<f64>);

fn parse_betas_for(text: &str) -> Result<(LossSetting, BetaList), String> {
    let (loss, betas) = text.split_once('=').ok_or("expected LOSS=BETA,BETA,…, such as ipo=0.1,1,10")?;
    let betas = betas.split(',').map(|beta| beta.parse().map_err(|_| format!("{beta:?} is not a number")));
    Ok((loss.parse().map_err(|e: align_frontier::Error| e.to_string())?, BetaList(betas.collect::<Result<_, _>>()?)))
}

impl Options {
    /// The sweep over losses and betas.
    pub fn sweep(&self) -> Result<SweepOptions, Failure> {
        Ok(SweepOptions { points: self.points()?, ..self.shared()? })
    }

    /// The options besides the points.
    pub fn shared(&self) -> Result<SweepOptions, Failure> {
        let (texts, steps) = if self.quick { (QUICK_TEXTS, QUICK_STEPS) } else { (TEXTS, STEPS) };
        let training_texts = self.training_texts_per_prompt.unwrap_or(texts.training);
        if training_texts < 2 {
            return Err(UsageError::new(format!(
                "--training-texts-per-prompt is {training_texts}, expected at least 2: a pair needs two texts of a prompt"
            ))
            .into());
        }
        let (training_seed, evaluation_seed) = (self.seed, self.seed.wrapping_add(1));
        let sampling =
            |texts_per_prompt, seed| SamplingOptions { texts_per_prompt, max_new_tokens: self.max_new_tokens, seed };
        Ok(SweepOptions {
            points: Vec::new(),
            prompts: NOTEBOOK_PROMPTS.map(str::to_owned).to_vec(),
            held_out: (0..NOTEBOOK_PROMPTS.len()).filter(|index| is_held_out(*index)).collect(),
            training_texts: sampling(training_texts, training_seed),
            pairs_per_prompt: self.pairs_per_prompt.unwrap_or(texts.pairs),
            evaluation: sampling(self.texts_per_prompt.unwrap_or(texts.evaluation), evaluation_seed),
            dpo: DpoConfig {
                training: TrainingConfig {
                    learning_rate: self.learning_rate.unwrap_or(steps.learning_rate),
                    num_train_epochs: Some(self.num_train_epochs.unwrap_or(steps.epochs)),
                    per_device_train_batch_size: self.per_device_train_batch_size.unwrap_or(steps.pairs),
                    seed: self.seed,
                    ..TrainingConfig::default()
                },
                ..DpoConfig::default()
            },
            bootstrap: Bootstrap::default(),
        })
    }

    fn points(&self) -> Result<Vec<Point>, Failure> {
        let losses = self.losses()?;
        for (index, (loss, _)) in self.betas_for.iter().enumerate() {
            if !losses.contains(loss) {
                return Err(UsageError::new(format!("--betas-for names {loss}, which is not among --losses")).into());
            }
            if self.betas_for.iter().skip(index + 1).any(|(other, _)| other == loss) {
                return Err(
                    UsageError::new(format!("--betas-for names {loss} twice: give all its betas at once")).into()
                );
            }
        }
        if (self.betas.is_some() || self.quick) && losses.iter().all(|loss| self.own_betas(loss).is_some()) {
            let option = if self.quick { "--quick" } else { "--betas" };
            let problem = format!("{option} has no effect if --betas-for names every loss: leave one of them out");
            return Err(UsageError::new(problem).into());
        }
        let default = |loss: &LossSetting| -> Vec<f64> {
            let scale = if loss.is_length_normalised() { LENGTH_NORMALISED_FACTOR } else { 1.0 };
            BETAS.iter().step_by(if self.quick { 2 } else { 1 }).map(|beta| beta * scale).collect()
        };
        let betas =
            |loss: &LossSetting| self.own_betas(loss).or_else(|| self.betas.clone()).unwrap_or_else(|| default(loss));
        Ok(points(&losses.iter().map(|loss| (*loss, betas(loss))).collect::<Vec<_>>())?)
    }

    fn losses(&self) -> Result<Vec<LossSetting>, align_frontier::Error> {
        self.losses.clone().map_or_else(|| DEFAULT_LOSSES.iter().map(|loss| loss.parse()).collect(), Ok)
    }

    fn own_betas(&self, loss: &LossSetting) -> Option<Vec<f64>> {
        self.betas_for.iter().find(|(of, _)| of == loss).map(|(_, betas)| betas.0.clone())
    }

    /// Rejects a length that does not fit into the model, before anything is generated.
    pub fn check_length(&self, tokenizer: &Tokenizer, n_positions: i64) -> Result<(), Failure> {
        let prompts = tokenizer.encode_prompts(&NOTEBOOK_PROMPTS)?;
        let longest_allowed =
            n_positions as usize - prompts.iter().map(Vec::len).max().unwrap_or(0).min(n_positions as usize);
        if self.max_new_tokens == 0 || self.max_new_tokens > longest_allowed {
            let found = self.max_new_tokens;
            return Err(
                format!("--max-new-tokens is {found}, expected 1 to {longest_allowed}: the model's limit").into()
            );
        }
        Ok(())
    }
}
