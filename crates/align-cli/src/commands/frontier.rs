//! Sweeps over losses and betas, and traces the frontier of reward against KL divergence and entropy.
//!
//! ```sh
//! align frontier --output-dir runs/frontier
//! ```

use crate::held_out::is_held_out;
use crate::reward_model::ScoreOption;
use crate::signals::{Keeping, Stopped};
use crate::{Failure, RuntimeOptions, models, output};
use align_data::{NOTEBOOK_PROMPTS, Tokenizer};
use align_frontier::{
    Findings, LossSetting, Measured, Models, Outcome, Point, Progress, ReportContext, Sampling, Sweep, SweepFolder,
    SweepOptions, points, write_outputs,
};
use align_inference::InferenceIdentity;
use align_metrics::Bootstrap;
use align_models::CausalLm;
use align_models::score::Score;
use align_report::{Configuration, Entry};
use align_torch::Environment;
use align_train::{DpoConfig, TrainingConfig};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// From a pull that keeps the policy at the reference to one that lets it go, for losses of summed log-ratios.
const BETAS: [f64; 5] = [3.0, 1.0, 0.3, 0.1, 0.03];
/// How many times as large a beta is with losses that divide by a text's tokens: about their number would be the same pull.
const LENGTH_NORMALISED: f64 = 10.0;
/// Texts a prompt to make pairs of, to evaluate by, and pairs a prompt.
const TEXTS: Texts = Texts { training: 10, evaluation: 8, pairs: 10 };
const QUICK_TEXTS: Texts = Texts { training: 6, evaluation: 4, pairs: 6 };
/// Small steps and many: with few large ones noise moves the policy about as far at any beta.
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

/// Sweeps over losses and betas: a training run and an evaluation a point, a CSV, figures and a report of all. A sweep that was
/// stopped or killed goes on with the same command.
#[derive(Args)]
pub struct Options {
    /// Folder of the sweep: its points as they come, then frontier.csv, the figures and report.html.
    #[arg(long)]
    output_dir: PathBuf,
    /// Language model to align: a folder in transformers' layout, or user/name[@revision] on the hub; the embedded one if not
    /// given.
    #[arg(long)]
    model: Option<String>,
    /// Classifier or reward model whose score is the reward; the embedded sentiment classifier if not given.
    #[arg(long)]
    reward_model: Option<String>,
    #[command(flatten)]
    score: ScoreOption,
    /// The losses, separated by commas, each with its divergence where that is not reverse_kl: sigmoid+js_divergence.
    #[arg(long, value_delimiter = ',', default_value = "sigmoid,sigmoid+js_divergence,hinge,ipo")]
    losses: Vec<LossSetting>,
    /// The betas of every loss that --betas-of does not name, separated by commas [default: five from 0.03 to 3, ten times
    /// these for losses that divide by a text's length].
    #[arg(long, value_delimiter = ',')]
    betas: Option<Vec<f64>>,
    /// The betas of one loss: ipo=0.1,1,10. May be given several times.
    #[arg(long, value_parser = betas_of)]
    betas_of: Vec<(LossSetting, BetaList)>,
    /// Three of the five betas, fewer texts, fewer and larger steps: a sketch of the frontier in a few minutes.
    #[arg(long, conflicts_with = "betas")]
    quick: bool,
    /// Texts a prompt that each policy is judged by [default: 8, quick 4].
    #[arg(long)]
    texts_per_prompt: Option<usize>,
    /// Texts a prompt that pairs are made of [default: 10, quick 6].
    #[arg(long)]
    training_texts_per_prompt: Option<usize>,
    /// Pairs a prompt [default: 10, quick 6].
    #[arg(long)]
    pairs_per_prompt: Option<usize>,
    /// Most tokens behind a prompt.
    #[arg(long, default_value_t = 48)]
    max_new_tokens: usize,
    /// Texts generated, scored or measured at a time.
    #[arg(long, default_value_t = 128)]
    batch_size: usize,
    /// Highest learning rate [default: 3e-5, quick 1e-4].
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Passes over the pairs [default: 8, quick 2.5].
    #[arg(long)]
    num_train_epochs: Option<f64>,
    /// Pairs a step [default: 16, quick 32].
    #[arg(long)]
    per_device_train_batch_size: Option<usize>,
    /// Fixes everything random.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

/// Betas as one value of an option.
#[derive(Debug, Clone)]
struct BetaList(Vec<f64>);

fn betas_of(text: &str) -> Result<(LossSetting, BetaList), String> {
    let (loss, betas) = text.split_once('=').ok_or("expected LOSS=BETA,BETA,…, such as ipo=0.1,1,10")?;
    let betas = betas.split(',').map(|beta| beta.parse().map_err(|_| format!("{beta:?} is no number")));
    Ok((loss.parse().map_err(|e: align_frontier::Error| e.to_string())?, BetaList(betas.collect::<Result<_, _>>()?)))
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let sweep_options = options.sweep()?;
    sweep_options.validate()?;
    let _precision = options.runtime.precision()?;
    let started = Instant::now();
    let model_dir = models::folder("--model", options.model.as_deref(), models::POLICY)?;
    let reward_dir = models::folder("--reward-model", options.reward_model.as_deref(), models::REWARD_MODEL)?;
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
    let keeping = Keeping::begin("stopping after this step or batch");
    let run_models = Models { sft: &sft, tokenizer: &tokenizer, score: &rewards, batch_size: options.batch_size };
    let outcome =
        align_frontier::run(&run_models, &sweep_options, &folder, &keeping.stop_signal(), &mut print_progress)
            .map_err(in_own_words)?;
    let sweep = match outcome {
        Outcome::Finished(sweep) => sweep,
        Outcome::Stopped(done) => {
            let (all, dir) = (sweep_options.points.len(), options.output_dir.display());
            let kept = format!("stopped after {done} of {all} points, which are kept in {dir}");
            return Err(Stopped(format!("{kept}: run the same command again to go on")).into());
        }
    };
    let findings = Findings::of(&sweep, &sweep_options.bootstrap)?;
    let context = options.context(&sweep_options, reward_model.score(), started);
    write_outputs(&folder, &sweep, &findings, context)?;
    print(&sweep, &findings);
    output::println!(
        "\n{} points in {:.0} s; everything is in {}",
        sweep.points.len(),
        started.elapsed().as_secs_f64(),
        options.output_dir.display()
    );
    Ok(())
}

impl Options {
    fn sweep(&self) -> Result<SweepOptions, Failure> {
        let (texts, steps) = if self.quick { (QUICK_TEXTS, QUICK_STEPS) } else { (TEXTS, STEPS) };
        let (training_seed, evaluation_seed) = (self.seed, self.seed.wrapping_add(1));
        let sampling =
            |texts_per_prompt, seed| Sampling { texts_per_prompt, max_new_tokens: self.max_new_tokens, seed };
        Ok(SweepOptions {
            points: self.points()?,
            prompts: NOTEBOOK_PROMPTS.map(str::to_owned).to_vec(),
            held_out: (0..NOTEBOOK_PROMPTS.len()).filter(|place| is_held_out(*place)).collect(),
            training_texts: sampling(self.training_texts_per_prompt.unwrap_or(texts.training), training_seed),
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
        for (at, (loss, _)) in self.betas_of.iter().enumerate() {
            if !self.losses.contains(loss) {
                return Err(format!("--betas-of names {loss}, which is not among --losses").into());
            }
            if self.betas_of.iter().skip(at + 1).any(|(other, _)| other == loss) {
                return Err(format!("--betas-of names {loss} twice: give all its betas at once").into());
            }
        }
        if (self.betas.is_some() || self.quick) && self.losses.iter().all(|loss| self.own_betas(loss).is_some()) {
            let option = if self.quick { "--quick" } else { "--betas" };
            return Err(
                format!("{option} says nothing where --betas-of names every loss: leave one of them out").into()
            );
        }
        let default = |loss: &LossSetting| -> Vec<f64> {
            let scale = if loss.is_length_normalised() { LENGTH_NORMALISED } else { 1.0 };
            BETAS.iter().step_by(if self.quick { 2 } else { 1 }).map(|beta| beta * scale).collect()
        };
        let betas =
            |loss: &LossSetting| self.own_betas(loss).or_else(|| self.betas.clone()).unwrap_or_else(|| default(loss));
        Ok(points(&self.losses.iter().map(|loss| (*loss, betas(loss))).collect::<Vec<_>>())?)
    }

    fn own_betas(&self, loss: &LossSetting) -> Option<Vec<f64>> {
        self.betas_of.iter().find(|(of, _)| of == loss).map(|(_, betas)| betas.0.clone())
    }

    /// Known before anything is generated.
    fn check_length(&self, tokenizer: &Tokenizer, n_positions: i64) -> Result<(), Failure> {
        let prompts = tokenizer.encode_prompts(&NOTEBOOK_PROMPTS)?;
        let room = n_positions as usize - prompts.iter().map(Vec::len).max().unwrap_or(0).min(n_positions as usize);
        if self.max_new_tokens == 0 || self.max_new_tokens > room {
            let found = self.max_new_tokens;
            return Err(format!("--max-new-tokens is {found}, expected 1 to {room}: the model's limit").into());
        }
        Ok(())
    }

    fn context(&self, sweep: &SweepOptions, score: &Score, started: Instant) -> ReportContext {
        let model = models::called(self.model.as_deref(), models::POLICY);
        let judge = models::called(self.reward_model.as_deref(), models::REWARD_MODEL);
        let (training, seconds) = (&sweep.dpo.training, started.elapsed().as_secs());
        let entry = |name: &str, value: &dyn ToString| Entry::new(name, value.to_string());
        let losses: Vec<String> = self.losses.iter().map(ToString::to_string).collect();
        ReportContext {
            subtitle: format!("{model}, rewarded by {judge}"),
            prompts: sweep.prompts.clone(),
            configuration: vec![
                Configuration {
                    title: "Training".to_owned(),
                    entries: vec![
                        entry("losses", &losses.join(", ")),
                        entry("learning_rate", &training.learning_rate),
                        entry("num_train_epochs", &training.num_train_epochs.unwrap_or_default()),
                        entry("per_device_train_batch_size", &training.per_device_train_batch_size),
                        entry("pairs a prompt", &sweep.pairs_per_prompt),
                        entry("texts a prompt to pair", &sweep.training_texts.texts_per_prompt),
                        entry("seed", &self.seed),
                    ],
                },
                Configuration {
                    title: "Evaluation".to_owned(),
                    entries: vec![
                        entry("prompts", &sweep.prompts.len()),
                        entry("held-out prompts", &sweep.held_out.len()),
                        entry("score", score),
                        entry("texts a prompt", &sweep.evaluation.texts_per_prompt),
                        entry("sampling", &"temperature 1, the whole distribution"),
                        entry("max_new_tokens", &sweep.evaluation.max_new_tokens),
                        entry("seed", &sweep.evaluation.seed),
                        entry("bootstrap resamples", &sweep.bootstrap.resamples),
                    ],
                },
            ],
            versions: [align_train::report::versions(), vec![entry("seconds of the last process", &seconds)]].concat(),
        }
    }
}

fn in_own_words(error: align_frontier::Error) -> Failure {
    use align_frontier::Error::{Point, Train};
    match error {
        Point { point, problem } => match *problem {
            Train(error) => format!("{point}: {}", crate::memory::in_words(error)).into(),
            problem => Point { point, problem: Box::new(problem) }.into(),
        },
        error => error.into(),
    }
}

fn print_progress(progress: &Progress<'_>) {
    match progress {
        Progress::TrainingTexts(count) => output::println!("{count} texts to make pairs of"),
        Progress::Pairs(report) => output::println!("{report}"),
        Progress::Sft(run) => output::println!("SFT: {}", in_words(run)),
        Progress::Begins(point, number, all) => output::println!("[{number}/{all}] {point}"),
        Progress::Done(point, run) => output::println!("  {point}: {} ({:.0} s)", in_words(run), run.seconds),
        _ => {}
    }
}

fn in_words(run: &Measured) -> String {
    let of = &run.evaluation;
    format!(
        "reward {:.3}, KL {:.2} nats, token entropy {:.3}",
        of.reward.value, of.policy_reference_kl.value, of.token_entropy.value
    )
}

fn print(sweep: &Sweep, findings: &Findings) {
    output::println!(
        "\n{:30} {:>24} {:>16} {:>16} {:>22} {:>10} {:>7}",
        "",
        "mean reward",
        "KL(policy||SFT)",
        "KL(SFT||policy)",
        "token entropy",
        "distinct-2",
        "front"
    );
    let rows = sweep.points.iter().map(|(point, run)| (point.to_string(), run));
    for (place, (name, run)) in std::iter::once(("SFT".to_owned(), &sweep.sft)).chain(rows).enumerate() {
        let of = &run.evaluation;
        let estimate =
            |e: align_metrics::Estimate| format!("{:.3} [{:.3}, {:.3}]", e.value, e.interval.low, e.interval.high);
        let mean = |m: align_metrics::SampleMean| format!("{:.2} ± {:.2}", m.value, m.standard_error);
        let distinct = of.diversity.ngrams.iter().find(|found| found.n == 2).map_or(f64::NAN, |found| found.distinct);
        let front = match (findings.is_on_kl_front(place), findings.is_on_entropy_front(place)) {
            (true, true) => "KL, H",
            (true, false) => "KL",
            (false, true) => "H",
            (false, false) => "",
        };
        output::println!(
            "{name:30} {:>24} {:>16} {:>16} {:>22} {distinct:>10.3} {front:>7}",
            estimate(of.reward),
            mean(of.policy_reference_kl),
            mean(of.reference_policy_kl),
            estimate(of.token_entropy),
        );
    }
    output::println!(
        "in brackets: 95% intervals by prompts; ±: standard errors by prompts; nats a text, entropy nats a token"
    );
    output::println!("front: on the Pareto front of reward and low KL (KL), of reward and high entropy (H)\n");
    findings.statements(sweep).iter().for_each(|statement| output::println!("- {statement}"));
}
