//! Trains a language model on preference pairs with any loss of the DPO family.
//!
//! ```sh
//! cargo run --release --example dpo -- --train-file pairs.jsonl --output-dir runs/first --loss-type hinge
//! ```

mod common;

use align_data::Tokenizer;
use align_models::generation::{Generation, GenerationConfig};
use align_models::hub::RepoName;
use align_models::{CausalLm, Gpt2};
use align_train::{
    CheckpointSaver, DpoConfig, DpoTrainer, MetricsFile, ModelCard, Observer, ProgressBar, SampleTexts, StopSignal,
    Strategy, latest_checkpoint,
};
use clap::Parser;
use common::preference_data::DataOptions;
use common::{Failure, RuntimeOptions, models};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Trains a language model on preference pairs.
#[derive(Parser, Serialize)]
struct Options {
    /// TOML file with these options' names as keys (dashes or underscores); options beside it win.
    #[arg(long)]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Language model: a folder in transformers' layout, or user/name[@revision] on the hub; the embedded one if not given.
    #[arg(long)]
    model: Option<String>,
    /// Reference model, a folder or a name on the hub; a copy of the model if not given.
    #[arg(long)]
    ref_model: Option<String>,
    /// Pairs (prompt, chosen, rejected) or scored texts (prompt, text, score): CSV, Parquet or JSONL.
    #[arg(long)]
    train_file: PathBuf,
    /// The same, held out.
    #[arg(long)]
    eval_file: Option<PathBuf>,
    /// Run folder: config.toml, metrics.jsonl, checkpoints and the final model.
    #[arg(long)]
    #[serde(skip)]
    output_dir: PathBuf,
    /// Go on from the run folder's newest checkpoint.
    #[arg(long)]
    #[serde(skip)]
    resume: bool,
    /// At each evaluation, write texts for the prompts of this file (one a line) to samples.jsonl.
    #[arg(long)]
    sample_prompts: Option<PathBuf>,
    /// Upload the trained model to the hub when the run is done; needs --hub-model-id and a token in HF_TOKEN.
    #[arg(long, requires = "hub_model_id")]
    #[serde(skip)]
    push_to_hub: bool,
    /// The repository that it becomes: user/name.
    #[arg(long, requires = "push_to_hub")]
    #[serde(skip)]
    hub_model_id: Option<RepoName>,
    /// Make the repository a private one, if it is new.
    #[arg(long, requires = "push_to_hub")]
    #[serde(skip)]
    hub_private_repo: bool,
    #[command(flatten)]
    #[serde(flatten)]
    data: DataOptions,
    #[command(flatten)]
    #[serde(flatten)]
    dpo: DpoConfig,
    #[command(flatten)]
    #[serde(flatten)]
    runtime: RuntimeOptions,
}

fn main() -> ExitCode {
    common::run(|| train(&common::config_file::parse::<Options>()?))
}

fn train(options: &Options) -> Result<(), Failure> {
    let _precision = options.runtime.precision();
    options.dpo.validate()?;
    if options.eval_file.is_none() && options.dpo.eval_strategy != Strategy::No {
        return Err("--eval-strategy asks for evaluations: give pairs with --eval-file".into());
    }
    if options.sample_prompts.is_some() && options.dpo.eval_strategy == Strategy::No {
        return Err("--sample-prompts are written at evaluations: set --eval-strategy".into());
    }
    if options.push_to_hub {
        models::check_push()?;
    }
    let run = RunFolder::open(&options.output_dir, options.resume)?;
    let model_dir = models::folder(options.model.as_deref(), models::POLICY)?;
    let (kind, device) = (options.runtime.dtype, options.runtime.device()?);
    let tokenizer = Tokenizer::from_pretrained(&model_dir)?;
    let policy = Gpt2::from_pretrained(&model_dir, kind, device)?;
    let reference = match &options.ref_model {
        Some(name) => Some(Gpt2::from_pretrained(&models::fetch(name)?, kind, device)?),
        None => None,
    };

    let (data, seed, n_positions) = (&options.data, options.dpo.seed, policy.n_positions());
    let pairs = data.encode(&tokenizer, &data.read(&options.train_file, seed)?, n_positions)?;
    let train_pairs = pairs.len();
    let mut trainer = DpoTrainer::new(policy, reference, pairs, options.dpo.clone())?;
    if let Some(file) = &options.eval_file {
        trainer = trainer.with_evaluation(data.encode(&tokenizer, &data.read(file, seed)?, n_positions)?)?;
    }
    if let Some(checkpoint) = &run.checkpoint {
        trainer.resume(checkpoint)?;
        println!("going on from {} at step {} of {}", checkpoint.display(), trainer.step(), trainer.total_steps());
    }

    let stop = StopSignal::default();
    common::stop_on_ctrl_c(stop.clone())?;
    let mut saver = CheckpointSaver::new(&run.dir);
    let mut metrics = match run.checkpoint {
        Some(_) => MetricsFile::resume(&run.dir.join("metrics.jsonl"), trainer.step())?,
        None => MetricsFile::create(&run.dir.join("metrics.jsonl"))?,
    };
    let (mut progress, mut stopper) = (ProgressBar::default(), stop.clone());
    let mut samples =
        options.sample_prompts.as_deref().map(|file| sampler(file, &run.dir, &tokenizer, seed)).transpose()?;
    let mut observers: Vec<&mut dyn Observer<Gpt2>> = vec![&mut progress, &mut metrics, &mut saver, &mut stopper];
    observers.extend(samples.as_mut().map(|s| s as &mut dyn Observer<Gpt2>));
    run.write_config(options)?;
    let summary = trainer.train(&mut observers)?;

    if !summary.finished {
        println!("stopped after step {} of {}; give --resume to go on", summary.steps, trainer.total_steps());
        return Ok(());
    }
    let mut evaluation = None;
    if let Some(file) = &options.eval_file {
        let record = trainer.evaluate()?;
        println!("held out: {}", serde_json::to_string(&record)?);
        evaluation = Some((record, models::file_name(file)));
    }
    let model = run.dir.join("model");
    trainer.into_policy().save_pretrained(&model, true)?;
    tokenizer.save(&model, true)?;
    let card = ModelCard {
        base_model: models::called(options.model.as_deref(), models::POLICY),
        base_model_id: models::hub_id(options.model.as_deref()),
        ref_model: options.ref_model.as_deref().map(|name| models::called(Some(name), models::POLICY)),
        train_data: models::file_name(&options.train_file),
        train_pairs,
        config: options.dpo.clone(),
        steps: summary.steps,
        last_step: summary.last_step,
        evaluation,
    };
    card.write(&model, true)?;
    println!("{} steps done, model written to {}", summary.steps, model.display());
    if let Some(repo) = &options.hub_model_id {
        models::push(&model, repo, options.hub_private_repo)?;
    }
    Ok(())
}

/// Where a run writes, and the checkpoint it goes on from.
struct RunFolder {
    dir: PathBuf,
    checkpoint: Option<PathBuf>,
}

impl RunFolder {
    fn open(dir: &Path, resume: bool) -> Result<Self, Failure> {
        let used = dir.join("metrics.jsonl").exists();
        if used && !resume {
            return Err(format!("{} holds a run already: choose another folder or give --resume", dir.display()).into());
        }
        std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let checkpoint = if resume { latest_checkpoint(dir)? } else { None };
        if resume && checkpoint.is_none() {
            return Err(format!("{} holds no checkpoint to resume from", dir.display()).into());
        }
        Ok(Self { dir: dir.to_owned(), checkpoint })
    }

    /// The options of the run in a form that `--config` takes.
    fn write_config(&self, options: &Options) -> Result<(), Failure> {
        let text = toml::to_string(options)?;
        common::write_atomically(&self.dir.join("config.toml"), true, |file| file.write_all(text.as_bytes()))
    }
}

fn sampler(prompts: &Path, dir: &Path, tokenizer: &Tokenizer, seed: u64) -> Result<SampleTexts, Failure> {
    let text = std::fs::read_to_string(prompts).map_err(|e| format!("{}: {e}", prompts.display()))?;
    let prompts = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let config = GenerationConfig { do_sample: true, max_new_tokens: Some(48), seed, ..GenerationConfig::default() };
    Ok(SampleTexts::new(&dir.join("samples.jsonl"), tokenizer.clone(), prompts, Generation::new(config)?)?)
}
