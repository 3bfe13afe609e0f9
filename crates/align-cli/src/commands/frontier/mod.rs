//! Sweeps over losses and betas, and plots the frontier of reward against KL divergence and entropy.
//!
//! ```sh
//! align frontier --output-dir runs/frontier
//! ```

mod configuration;
mod judges;
mod table;

use crate::held_out::is_held_out;
use crate::json_output::JsonOption;
use crate::reward_model::ScoreOption;
use crate::shell_words::this_command;
use crate::signals::{self, GracefulStop, Stopped};
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, models, output};
use align_base::{format_duration, printable_path};
use align_data::{NOTEBOOK_PROMPTS, Tokenizer};
use align_frontier::{
    Findings, LossSetting, Point, PolicyResult, ReportContext, SamplingOptions, SweepFolder, SweepModels, SweepOptions,
    SweepOutcome, SweepProgress, points, write_outputs,
};
use align_inference::InferenceIdentity;
use align_metrics::Bootstrap;
use align_models::CausalLm;
use align_models::score::Score;
use align_report::{Configuration, Entry};
use align_torch::Environment;
use align_train::{DpoConfig, TrainingConfig};
use clap::Args;
use configuration::{evaluation_configuration, training_entries, versions};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

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
    output_dir: PathBuf,
    /// Language model to align: a folder in transformers' layout, a GGUF file, or user/name[@revision] on the hub [default: the bundled GPT-2].
    #[arg(long)]
    model: Option<String>,
    /// Classifier or reward model whose score is the reward [default: the bundled sentiment classifier].
    #[arg(long)]
    reward_model: Option<String>,
    #[command(flatten)]
    score: ScoreOption,
    #[command(flatten)]
    judges: judges::JudgeArguments,
    /// Comma-separated losses. A divergence other than reverse_kl is added with a plus sign: sigmoid+js_divergence
    /// [default: sigmoid,sigmoid+js_divergence,hinge,ipo; with --judge sigmoid].
    #[arg(long, value_delimiter = ',')]
    losses: Option<Vec<LossSetting>>,
    /// Comma-separated betas for all losses without --betas-for [default: five from 0.03 to 3; ten times these for length-normalised
    /// losses; with --judge 0.1].
    #[arg(long, value_delimiter = ',')]
    betas: Option<Vec<f64>>,
    /// Betas for one loss, such as ipo=0.1,1,10; may be repeated.
    #[arg(long, value_parser = parse_betas_for)]
    betas_for: Vec<(LossSetting, BetaList)>,
    /// Coarse sweep in a few minutes: three betas per loss, fewer texts, fewer steps with a larger learning rate.
    #[arg(long, conflicts_with = "betas")]
    quick: bool,
    /// Texts per prompt to evaluate each policy on [default: 8; with --quick 4].
    #[arg(long)]
    texts_per_prompt: Option<usize>,
    /// Texts per prompt to make pairs from [default: 10; with --quick 6].
    #[arg(long)]
    training_texts_per_prompt: Option<usize>,
    /// Pairs per prompt [default: 10; with --quick 6].
    #[arg(long)]
    pairs_per_prompt: Option<usize>,
    /// Maximum number of new tokens after each prompt.
    #[arg(long, default_value_t = 48)]
    max_new_tokens: usize,
    /// Number of texts generated, scored or evaluated at a time.
    #[arg(long, default_value_t = 128)]
    batch_size: usize,
    /// Peak learning rate [default: 3e-5; with --quick 1e-4].
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Number of epochs [default: 8; with --quick 2.5].
    #[arg(long)]
    num_train_epochs: Option<f64>,
    /// Pairs per step [default: 16; with --quick 32].
    #[arg(long)]
    per_device_train_batch_size: Option<usize>,
    /// Seed for all random numbers.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    #[command(flatten)]
    json: JsonOption,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

/// A list of betas as the value of one option.
#[derive(Debug, Clone)]
struct BetaList(Vec<f64>);

fn parse_betas_for(text: &str) -> Result<(LossSetting, BetaList), String> {
    let (loss, betas) = text.split_once('=').ok_or("expected LOSS=BETA,BETA,…, such as ipo=0.1,1,10")?;
    let betas = betas.split(',').map(|beta| beta.parse().map_err(|_| format!("{beta:?} is not a number")));
    Ok((loss.parse().map_err(|e: align_frontier::Error| e.to_string())?, BetaList(betas.collect::<Result<_, _>>()?)))
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    if options.judges.are_given() {
        return judges::run(options);
    }
    let sweep_options = options.sweep()?;
    sweep_options.validate()?;
    let _precision = options.runtime.set_matmul_precision()?;
    let started = Instant::now();
    let model_dir = models::folder("--model", options.model.as_deref(), models::BUNDLED_POLICY)?;
    let reward_dir = models::folder("--reward-model", options.reward_model.as_deref(), models::BUNDLED_REWARD_MODEL)?;
    let (kind, device) = (options.runtime.dtype, options.runtime.device()?);
    let sft = models::causal_lm(&model_dir, kind, device)?;
    let tokenizer = models::tokenizer(&model_dir, sft.vocab_size())?;
    options.check_length(&tokenizer, sft.max_position_embeddings())?;
    let reward_model = options.score.load(&reward_dir, &options.runtime, options.batch_size)?;
    let rewards = |texts: &[&str]| reward_model.scores(texts).map_err(|e| e.to_string());
    let depends_on = json!({
        "model": InferenceIdentity::of(&sft, &tokenizer)?,
        "reward_model": reward_model.identity()?,
        "score": reward_model.score(),
        "environment": Environment::current(device),
        "sweep": sweep_options,
    });
    let folder = SweepFolder::open(&options.output_dir, &depends_on)?;
    let resume = resume_hint();
    signals::set_message(format!("stopped at once; finished points are saved: {resume}"));
    let graceful_stop = GracefulStop::begin("stopping after this step or batch");
    let run_models = SweepModels { sft: &sft, tokenizer: &tokenizer, score: &rewards, batch_size: options.batch_size };
    let outcome = align_frontier::run_sweep(
        &run_models,
        &sweep_options,
        &folder,
        &graceful_stop.stop_signal(),
        &mut print_progress,
    )
    .map_err(with_memory_advice)?;
    let sweep = match outcome {
        SweepOutcome::Finished(sweep) => sweep,
        SweepOutcome::Stopped(done) => {
            let (all, dir) = (sweep_options.points.len(), options.output_dir.display());
            let saved =
                format!("stopped after {done} of {}, which are saved in {dir}", align_base::counted(all, "point"));
            return Err(Stopped(format!("{saved}: {resume}")).into());
        }
    };
    let findings = Findings::new(&sweep, &sweep_options.bootstrap)?;
    let context = options.context(&sweep_options, reward_model.score(), started);
    write_outputs(&folder, &sweep, &findings, context)?;
    options.json.print(&table::document(&sweep, &findings), || table::print(&sweep, &findings))?;
    let (points, dir) = (align_base::counted(sweep.points.len(), "point"), printable_path(&options.output_dir));
    output::note!("{points} in {}; results are in {dir}, with report.html", format_duration(started.elapsed()));
    Ok(())
}

/// How to continue a sweep that was stopped.
fn resume_hint() -> String {
    format!("continue with\n  {}", this_command())
}

impl Options {
    fn sweep(&self) -> Result<SweepOptions, Failure> {
        Ok(SweepOptions { points: self.points()?, ..self.shared()? })
    }

    /// The options besides the points.
    fn shared(&self) -> Result<SweepOptions, Failure> {
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
    fn check_length(&self, tokenizer: &Tokenizer, n_positions: i64) -> Result<(), Failure> {
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

    fn context(&self, sweep: &SweepOptions, score: &Score, started: Instant) -> ReportContext {
        let model = models::display_name(self.model.as_deref(), models::BUNDLED_POLICY);
        let reward_model = models::display_name(self.reward_model.as_deref(), models::BUNDLED_REWARD_MODEL);
        let losses: Vec<String> = sweep
            .points
            .chunk_by(|a, b| a.loss == b.loss)
            .filter_map(|run| Some(run.first()?.loss.to_string()))
            .collect();
        let mut training = vec![Entry::new("losses", losses.join(", "))];
        training.extend(training_entries(sweep.pairs_per_prompt, &sweep.training_texts, &sweep.dpo.training));
        let mut evaluation =
            evaluation_configuration(&sweep.prompts, &sweep.held_out, &sweep.evaluation, &sweep.bootstrap);
        evaluation.entries.push(Entry::new("score", score.to_string()));
        ReportContext {
            subtitle: format!("{model}, rewarded by {reward_model}"),
            prompts: sweep.prompts.clone(),
            configuration: vec![Configuration { title: "Training".to_owned(), entries: training }, evaluation],
            versions: versions(started),
        }
    }
}

fn with_memory_advice(error: align_frontier::Error) -> Failure {
    use align_frontier::Error::{Point, Train};
    match error {
        Point { point, problem } => match *problem {
            Train(error) => format!("{point}: {}", crate::memory_error::with_options_to_change(error)).into(),
            problem => Point { point, problem: Box::new(problem) }.into(),
        },
        error => error.into(),
    }
}

fn print_progress(progress: &SweepProgress<'_>) {
    match progress {
        SweepProgress::TrainingTexts(count) => {
            output::note!("{} generated to make pairs from", align_base::counted(*count, "text"))
        }
        SweepProgress::Pairs(report) => output::note!("{report}"),
        SweepProgress::Sft(run) => output::note!("SFT: {}", metrics_line(run)),
        SweepProgress::PointStarted(point, number, all) => output::note!("[{number}/{all}] {point}"),
        SweepProgress::PointFinished(point, run) => {
            output::note!("  {point}: {} ({:.0} s)", metrics_line(run), run.seconds)
        }
        _ => {}
    }
}

fn metrics_line(run: &PolicyResult) -> String {
    let metrics = &run.evaluation;
    format!(
        "reward {:.3}, KL {:.2} nats, token entropy {:.3}",
        metrics.reward.value, metrics.policy_reference_kl.value, metrics.token_entropy.value
    )
}
