//! The options of a training run, and what is printed during one.

use crate::scratch::ScratchOptions;
use crate::signals::{Keeping, Stopped};
use crate::{Failure, RuntimeOptions, models, output};
use align_base::printable_path;
use align_data::EncodeReport;
use align_models::hub::{DownloadBar, RepoName};
use align_models::{CausalLm, TrainableModel};
use align_train::run::{BaseModel, Dataset, NewTokenizer, ReadyRun, Run, RunObjective, Upload};
use align_train::{ProgressBar, Rounding, RunFolder, RunSummary};
use serde::Serialize;
use std::path::{Path, PathBuf};

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

/// The examples of a file, and what was done to get them.
pub struct Examples<E> {
    pub rows: Vec<E>,
    pub notes: Vec<String>,
}

impl<E> From<Vec<E>> for Examples<E> {
    fn from(rows: Vec<E>) -> Self {
        Self { rows, notes: Vec::new() }
    }
}

/// What was read of the training file and of that of held-out rows.
pub struct Read<E> {
    pub train: Dataset<E>,
    pub eval: Option<Dataset<E>>,
    pub preparation: Preparation,
}

/// What is printed about a run's data and model before its first step.
#[derive(Default)]
pub struct Preparation {
    /// A line for each step from the training file to examples, and the same for the other file.
    notes: [Vec<String>; 2],
    /// Whether rows are packed.
    pub packing: bool,
    /// Of a new model, whether its tokeniser is trained for it.
    pub new_model: Option<bool>,
}

impl RunOptions {
    /// Reads the training file and that of held-out rows, if there is one.
    pub fn read<E>(&self, read: impl Fn(&Path) -> Result<Examples<E>, Failure>) -> Result<Read<E>, Failure> {
        let Examples { rows, notes } = read(&self.train_file)?;
        let train = Dataset::of_file(rows, &self.train_file);
        let preparation = Preparation { notes: [notes, Vec::new()], ..Preparation::default() };
        let mut all = Read { train, eval: None, preparation };
        if let Some(file) = &self.eval_file {
            let Examples { rows, notes } = read(file).map_err(|e| format!("evaluation rows: {e}"))?;
            (all.eval, all.preparation.notes[1]) = (Some(Dataset::of_file(rows, file)), notes);
        }
        Ok(all)
    }

    /// The model that --model names, or the embedded one, or the new one that is asked for.
    pub fn base_or_new<M>(
        &self,
        scratch: &ScratchOptions,
        embedded: &str,
        preparation: &mut Preparation,
    ) -> Result<BaseModel<M>, Failure> {
        let Some(new) = scratch.new_model()? else { return self.base(embedded) };
        let trained = matches!(new.tokenizer, NewTokenizer::Trained { .. });
        preparation.new_model = Some(trained && !(self.resume && self.output_dir.join(RunFolder::TOKENIZER).exists()));
        Ok(new.into())
    }

    /// The model that --model names, or the embedded one.
    pub fn base<M>(&self, embedded: &str) -> Result<BaseModel<M>, Failure> {
        Ok(match &self.model {
            Some(name) => BaseModel::named(name),
            None => {
                let folder = models::folder("--model", None, embedded)?;
                BaseModel::from(folder).called(models::called(None, embedded))
            }
        })
    }

    /// The folder of the model that --model names, or of the embedded one, downloaded where it is not there yet.
    pub fn model_folder(&self, embedded: &str) -> Result<PathBuf, Failure> {
        models::folder("--model", self.model.as_deref(), embedded)
    }

    /// Refuses what only a language model can do.
    pub fn refuse_samples(&self) -> Result<(), Failure> {
        match &self.sample_prompts {
            Some(_) => Err("--sample-prompts asks for texts, which a classifier does not write: leave it out".into()),
            None => Ok(()),
        }
    }

    /// Gives a language model's run these options, and does it.
    pub fn train<O: RunObjective<Model: CausalLm>>(
        &self,
        run: Run<O>,
        preparation: &Preparation,
        all: &impl Serialize,
    ) -> Result<(), Failure> {
        let run = match &self.sample_prompts {
            Some(file) => {
                RunFolder::check_apart(&self.output_dir, "--sample-prompts", file)?;
                run.sample_prompts(align_data::read_lines(file)?.into_iter().filter(|line| !line.is_empty()))
            }
            None => run,
        };
        self.train_without_samples(run, preparation, all)
    }

    /// The same for a model that writes no texts.
    pub fn train_without_samples<O: RunObjective>(
        &self,
        run: Run<O>,
        preparation: &Preparation,
        all: &impl Serialize,
    ) -> Result<(), Failure> {
        for folder in [models::POLICY, models::REWARD_MODEL].into_iter().filter_map(models::embedded_folder) {
            RunFolder::check_apart(&self.output_dir, "the default of --model", &folder)?;
        }
        let mut run = self.runtime.place(run.output_dir(&self.output_dir)).observer(ProgressBar::default());
        run = run.record(serde_json::to_value(all)?).resolver(models::resolver());
        if self.resume {
            run = run.resume_with(if self.allow_other_rounding { Rounding::MayDiffer } else { Rounding::Same });
        }
        if let Some(repo) = &self.hub_model_id {
            run = if self.hub_private_repo {
                run.push_to_private_hub(repo.to_string())
            } else {
                run.push_to_hub(repo.to_string())
            };
        }
        let mut ready = run.prepare()?;
        self.print_preparation(&ready, preparation);
        let upload = ready.take_upload();
        if let Some(checkpoint) = ready.checkpoint() {
            let (step, all) = (ready.trainer().step(), ready.trainer().total_steps());
            output::println!("going on from {} at step {step} of {all}", printable_path(checkpoint));
        }
        let keeping = Keeping::begin("stopping after this step or batch");
        let summary = ready.stop_signal(keeping.stop_signal()).train()?;
        print_summary(&summary)?;
        let Some(model) = &summary.model else {
            let (done, all) = (summary.steps, summary.total_steps);
            return Err(Stopped(format!("stopped after step {done} of {all}; give --resume to go on")).into());
        };
        match upload {
            Some(upload) => push(&upload, model, keeping),
            None => Ok(()),
        }
    }

    fn print_preparation<O: RunObjective>(&self, ready: &ReadyRun<O>, preparation: &Preparation) {
        if preparation.new_model == Some(true) {
            output::println!("a tokeniser of {} tokens, trained on the texts", ready.tokenizer().vocab_size());
        }
        if preparation.new_model.is_some() {
            output::println!("a new model of {} weights", ready.trainer().policy().parameters().numel());
        }
        let print_file = |file: &Path, notes: &[String], report: Option<&EncodeReport>, rows: usize| {
            output::println!("{}", printable_path(file));
            notes.iter().for_each(|note| output::println!("  {note}"));
            match report {
                Some(report) => output::println!("  {report}"),
                None => output::println!("  {rows} texts"),
            }
            if preparation.packing {
                output::println!("  packed into {rows} rows");
            }
        };
        let [train, eval] = &preparation.notes;
        print_file(&self.train_file, train, ready.train_report(), ready.train_rows());
        if let Some(file) = &self.eval_file {
            print_file(file, eval, ready.eval_report(), ready.eval_rows());
        }
    }
}

/// A run with an option that may not be given.
pub fn given<R, T>(run: R, value: Option<T>, set: impl FnOnce(R, T) -> R) -> R {
    match value {
        Some(value) => set(run, value),
        None => run,
    }
}

fn print_summary(summary: &RunSummary) -> Result<(), Failure> {
    if summary.finished && summary.steps < summary.total_steps {
        output::println!("done after step {} of {}: no improvement", summary.steps, summary.total_steps);
    }
    if let Some(step) = summary.best_step {
        output::println!("the model is that of checkpoint-{step}, the best");
    }
    if let Some(record) = &summary.evaluation {
        output::println!("held out: {}", serde_json::to_string(record)?);
    }
    if let Some(model) = &summary.model {
        let what = if summary.adapter { "adapter" } else { "model" };
        output::println!("{} steps done, {what} written to {}", summary.steps, printable_path(model));
    }
    Ok(())
}

fn push(upload: &Upload, model: &Path, keeping: Keeping) -> Result<(), Failure> {
    let later = models::push_later(model, upload.repo());
    if keeping.stop_signal().is_stopped() {
        return Err(Stopped(format!("stopped before the upload; {later} does it later")).into());
    }
    // From here on a signal is the end.
    drop(keeping);
    let mut bar = DownloadBar::default();
    let url = upload.push(model, |event| bar.on(event)).map_err(|e| format!("{e}; {later} uploads it later"))?;
    output::println!("uploaded: {url}");
    Ok(())
}
