//! A training run from options to a model's folder, whatever the objective.

use crate::run_page::run_page;
use crate::signals::{Keeping, Stopped};
use crate::{Failure, RuntimeOptions, config_file, models, output};
use align_data::Tokenizer;
use align_models::generation::{Generation, GenerationConfig};
use align_models::hub::RepoName;
use align_models::{CausalLm, TrainableModel};
use align_train::{
    CheckpointSaver, EarlyStopping, MetricsFile, ModelCard, Objective, Observer, ProgressBar, Rounding, RunConfig,
    RunFolder, SampleTexts, Strategy, Trainer, TrainingRecords, latest_checkpoint,
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// What is trained, on what, and where it goes.
#[derive(clap::Args, Serialize)]
pub struct RunOptions {
    /// TOML file with these options' names as keys (dashes or underscores); options beside it win.
    #[arg(long)]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Language model: a folder in transformers' layout, or user/name[@revision] on the hub; the embedded one if not given.
    #[arg(long)]
    model: Option<String>,
    /// Training data: CSV, Parquet or JSONL.
    #[arg(long)]
    train_file: PathBuf,
    /// The same, held out.
    #[arg(long)]
    eval_file: Option<PathBuf>,
    /// Run folder: config.toml, metrics.jsonl, checkpoints, the final model and report.html.
    #[arg(long)]
    #[serde(skip)]
    output_dir: PathBuf,
    /// Go on from the run folder's newest checkpoint, or begin again where a run ended before its first.
    #[arg(long)]
    #[serde(skip)]
    resume: bool,
    /// Go on although the processor, the number of threads, the device, the matmul precision or a version is not that of the
    /// checkpoint: the run then ends with other bytes than an undisturbed one.
    #[arg(long, requires = "resume")]
    #[serde(skip)]
    allow_other_rounding: bool,
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
    runtime: RuntimeOptions,
}

/// A model and where it comes from.
pub struct Base<M> {
    pub model: M,
    pub tokenizer: Tokenizer,
    /// What the card calls it.
    pub called: String,
    /// Its repository on the hub, where it has one.
    pub hub_id: Option<String>,
}

/// What a run begins with: its folder, the policy and its tokeniser.
pub struct Start<'a, M = Box<dyn CausalLm>> {
    options: &'a RunOptions,
    dir: RunFolder,
    checkpoint: Option<PathBuf>,
    called: String,
    hub_id: Option<String>,
    pub tokenizer: Tokenizer,
    pub policy: M,
}

/// Held-out rows are a file's, with the same reader as the training rows.
pub type ReadRows<'a, R> = &'a dyn Fn(&Path) -> Result<Vec<R>, Failure>;

impl RunOptions {
    /// Checks the options, opens the run folder and loads the policy.
    pub fn start(&self, config: &impl RunConfig) -> Result<Start<'_>, Failure> {
        self.start_with(config, |_| self.pretrained(models::POLICY, |dir| self.load(dir), CausalLm::vocab_size))
    }

    /// The same with a policy that `make` makes; it is given the run's folder.
    pub fn start_with<M>(
        &self,
        config: &impl RunConfig,
        make: impl FnOnce(&RunFolder) -> Result<Base<M>, Failure>,
    ) -> Result<Start<'_, M>, Failure> {
        config.validate()?;
        let evaluates = config.training().eval_strategy != Strategy::No;
        if self.eval_file.is_none() && evaluates {
            return Err("--eval-strategy asks for evaluations: give rows with --eval-file".into());
        }
        if self.sample_prompts.is_some() && !evaluates {
            return Err("--sample-prompts are written at evaluations: set --eval-strategy".into());
        }
        if self.push_to_hub {
            models::check_push()?;
        }
        self.check_inputs()?;
        let dir = RunFolder::open(&self.output_dir)?;
        let used = dir.holds_a_run()?;
        if used && !self.resume {
            let dir = dir.path().display();
            return Err(format!("{dir} holds a run already: choose another folder or give --resume").into());
        }
        let checkpoint = if self.resume { latest_checkpoint(dir.path())? } else { None };
        if self.resume && checkpoint.is_none() && !used {
            return Err(format!("{} holds no checkpoint to resume from", dir.path().display()).into());
        }
        let Base { model: policy, tokenizer, called, hub_id } = make(&dir)?;
        Ok(Start { options: self, dir, checkpoint, called, hub_id, tokenizer, policy })
    }

    /// Refuses an input that the run would write over, or a folder of inputs that it would write into.
    fn check_inputs(&self) -> Result<(), Failure> {
        let model = self.model.as_deref().and_then(models::local);
        for embedded in [models::POLICY, models::REWARD_MODEL] {
            self.check_apart("the default of --model", models::embedded_folder(embedded).as_deref())?;
        }
        self.check_apart("--model", model.as_deref())?;
        self.check_apart("--train-file", Some(&self.train_file))?;
        self.check_apart("--eval-file", self.eval_file.as_deref())?;
        self.check_apart("--sample-prompts", self.sample_prompts.as_deref())
    }

    /// The same of one input, which `option` names.
    pub fn check_apart(&self, option: &str, input: Option<&Path>) -> Result<(), Failure> {
        Ok(input.map_or(Ok(()), |input| RunFolder::check_apart(&self.output_dir, option, input))?)
    }

    /// The model that --model names, or the embedded one, as `load` reads it from its folder, and its tokeniser.
    pub fn pretrained<M>(
        &self,
        embedded: &str,
        load: impl FnOnce(&Path) -> Result<M, Failure>,
        vocab_size: impl FnOnce(&M) -> i64,
    ) -> Result<Base<M>, Failure> {
        let (named, dir) = (self.model.as_deref(), models::folder("--model", self.model.as_deref(), embedded)?);
        let model = load(&dir)?;
        Ok(Base {
            tokenizer: models::tokenizer(&dir, vocab_size(&model))?,
            model,
            called: models::called(named, embedded),
            hub_id: models::hub_id(named),
        })
    }

    /// Whether a run that stands in the folder goes on.
    pub fn resumes(&self) -> bool {
        self.resume
    }

    /// The weights' dtype, and where they are.
    pub fn placement(&self) -> Result<(Kind, Device), Failure> {
        Ok((self.runtime.dtype, self.runtime.device()?))
    }

    /// Refuses what only a language model can do.
    pub fn refuse_samples(&self) -> Result<(), Failure> {
        match &self.sample_prompts {
            Some(_) => Err("--sample-prompts asks for texts, which a classifier does not write: leave it out".into()),
            None => Ok(()),
        }
    }

    /// Sets the matmul precision while the guard lives.
    pub fn precision(&self) -> Result<align_torch::MatmulPrecisionGuard, Failure> {
        self.runtime.precision()
    }

    /// What --model names.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The training data's file.
    pub fn train_file(&self) -> &Path {
        &self.train_file
    }

    /// Another model than the policy, of the same dtype and device.
    pub fn reference(&self, named: Option<&str>) -> Result<Option<Box<dyn CausalLm>>, Failure> {
        let load = |name| self.load(&models::fetch(name)?);
        named.map(load).transpose()
    }

    /// A causal model from its folder, or from that of an adapter.
    pub fn load(&self, dir: &Path) -> Result<Box<dyn CausalLm>, Failure> {
        let (kind, device) = self.placement()?;
        models::gpt2(dir, kind, device)
    }
}

/// Where a run writes, once its policy is in the trainer's hands.
pub struct Run<'a> {
    options: &'a RunOptions,
    dir: RunFolder,
    checkpoint: Option<PathBuf>,
    called: String,
    hub_id: Option<String>,
    tokenizer: Tokenizer,
}

/// What lets a policy write texts at evaluations, if that is asked for; it is given the trainer of a run that goes on.
type Samples<'a, O> = &'a dyn Fn(&Run<'_>, Option<&Trainer<O>>) -> Result<Option<Box<dyn Observer<O>>>, Failure>;

impl<'a, M> Start<'a, M> {
    /// The policy for the trainer, and the rest.
    pub fn split(self) -> (M, Run<'a>) {
        let Self { options, dir, checkpoint, called, hub_id, tokenizer, policy } = self;
        (policy, Run { options, dir, checkpoint, called, hub_id, tokenizer })
    }
}

impl Run<'_> {
    /// Trains to the end or to a signal; at the end evaluates and writes the model with its card. `all` are the program's
    /// options, for `config.toml`; `reference` is what the card calls the reference.
    pub fn train<O: Objective<Model: CausalLm>>(
        self,
        trainer: Trainer<O>,
        train_rows: usize,
        read: ReadRows<'_, O::Row>,
        reference: Option<String>,
        all: &impl Serialize,
    ) -> Result<(), Failure> {
        let seed = trainer.config().training().seed;
        let samples = |run: &Run<'_>, resumed: Option<&Trainer<O>>| {
            let prompts = run.options.sample_prompts.as_deref();
            let sampler = prompts.map(|file| run.sampler(file, seed, resumed)).transpose()?;
            Ok(sampler.map(|sampler| Box::new(sampler) as Box<dyn Observer<O>>))
        };
        self.train_with(trainer, train_rows, read, reference, all, &samples)
    }

    /// The same for a model that writes no texts.
    pub fn train_without_samples<O: Objective>(
        self,
        trainer: Trainer<O>,
        train_rows: usize,
        read: ReadRows<'_, O::Row>,
        all: &impl Serialize,
    ) -> Result<(), Failure> {
        self.train_with(trainer, train_rows, read, None, all, &|_, _| Ok(None))
    }

    fn train_with<O: Objective>(
        self,
        mut trainer: Trainer<O>,
        train_rows: usize,
        read: ReadRows<'_, O::Row>,
        reference: Option<String>,
        all: &impl Serialize,
        samples: Samples<'_, O>,
    ) -> Result<(), Failure> {
        let options = self.options;
        if let Some(file) = &options.eval_file {
            let rows = read(file).map_err(|e| format!("evaluation rows: {e}"))?;
            trainer = trainer.with_evaluation(rows).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        if let Some(checkpoint) = &self.checkpoint {
            let rounding = if options.allow_other_rounding { Rounding::MayDiffer } else { Rounding::Same };
            trainer.resume_with(checkpoint, rounding)?;
            output::println!(
                "going on from {} at step {} of {}",
                align_base::printable_path(checkpoint),
                trainer.step(),
                trainer.total_steps()
            );
        }
        let keeping = Keeping::begin("stopping after this step or batch");
        // The options in a form that --config takes.
        let text = config_file::flat(all)?;
        self.dir.write_file(RunFolder::CONFIG, |file| file.write_all(text.as_bytes()))?;
        let mut saver = CheckpointSaver::new(self.dir.path());
        let file = self.dir.growing_file(RunFolder::METRICS)?;
        let mut metrics =
            if options.resume { MetricsFile::resume(&file, &trainer)? } else { MetricsFile::create(&file)? };
        let (mut progress, mut stopper) = (ProgressBar::default(), keeping.stop_signal());
        let mut samples = samples(&self, options.resume.then_some(&trainer))?;
        // What writes lines comes before what writes checkpoints: a resumed run repeats no line that its checkpoint has behind it.
        let mut observers: Vec<&mut dyn Observer<O>> = vec![&mut progress, &mut metrics];
        observers.extend(samples.as_mut().map(|samples| &mut **samples as &mut dyn Observer<O>));
        let mut early = EarlyStopping;
        observers.extend([&mut early as &mut dyn Observer<O>, &mut saver, &mut stopper]);
        let summary = trainer.train(&mut observers)?;
        if !summary.finished {
            let (done, all) = (summary.steps, trainer.total_steps());
            return Err(Stopped(format!("stopped after step {done} of {all}; give --resume to go on")).into());
        }
        if summary.steps < trainer.total_steps() {
            output::println!("done after step {} of {}: no improvement", summary.steps, trainer.total_steps());
        }
        if let Some(step) = saver.loaded() {
            output::println!("the model is that of checkpoint-{step}, the best");
        }
        // A finished run's model is written whatever its evaluation comes to.
        let (mut evaluation, mut failed) = (None, None);
        if let Some(file) = &options.eval_file {
            match trainer.evaluate() {
                Ok(record) => {
                    output::println!("held out: {}", serde_json::to_string(&record)?);
                    evaluation = Some((record, models::file_name(file)));
                }
                Err(error) => failed = Some(format!("{}: {error}", file.display())),
            }
        }
        let config = trainer.config().clone();
        let policy = trainer.into_policy();
        let adapter = policy.frozen_parameters().is_some();
        let card = ModelCard {
            base_model: self.called.clone(),
            base_model_id: self.hub_id.clone(),
            adapter,
            ref_model: reference,
            train_data: models::file_name(&options.train_file),
            train_rows,
            config,
            steps: summary.steps,
            last_step: summary.last_step,
            evaluation,
        };
        let model = self.dir.replace_folder(RunFolder::MODEL, |dir| {
            policy.save_pretrained(dir, false)?;
            self.tokenizer.save(dir, false)?;
            card.write(dir, false)
        })?;
        let page = run_page(&card, &TrainingRecords::read(&file)?, all)?;
        let page = page.to_html()?;
        self.dir.write_file(RunFolder::REPORT, |file| file.write_all(page.as_bytes()))?;
        let what = if adapter { "adapter" } else { "model" };
        output::println!("{} steps done, {what} written to {}", summary.steps, align_base::printable_path(&model));
        if let Some(failed) = failed {
            return Err(failed.into());
        }
        if let Some(repo) = &options.hub_model_id {
            if keeping.stop_signal().is_stopped() {
                return Err(Stopped(format!(
                    "stopped before the upload; {} does it later",
                    models::push_later(&model, repo)
                ))
                .into());
            }
            drop(keeping);
            models::push(&model, repo, options.hub_private_repo)?;
        }
        Ok(())
    }

    fn sampler<O: Objective>(
        &self,
        prompts: &Path,
        seed: u64,
        resumed: Option<&Trainer<O>>,
    ) -> Result<SampleTexts, Failure> {
        let prompts = align_data::read_lines(prompts)?.into_iter().filter(|line| !line.is_empty()).collect();
        let config =
            GenerationConfig { do_sample: true, max_new_tokens: Some(48), seed, ..GenerationConfig::default() };
        let (file, tokenizer) = (self.dir.growing_file(RunFolder::SAMPLES)?, self.tokenizer.clone());
        let generation = Generation::new(config)?;
        Ok(match resumed {
            Some(trainer) => SampleTexts::resume(&file, trainer, tokenizer, prompts, generation)?,
            None => SampleTexts::new(&file, tokenizer, prompts, generation)?,
        })
    }
}

/// What a card calls the reference of a policy.
pub fn reference_in_words(named: Option<&str>) -> String {
    named.map_or_else(|| "the base model".to_owned(), |name| models::called(Some(name), models::POLICY))
}
