//! The options shared by all training commands, and what is printed before the first step.

use crate::column_option::ColumnOption;
use crate::new_model::NewModelOptions;
use crate::processes::ProcessOptions;
use crate::run_input::RunInput;
use crate::tracker_options::TrackerOptions;
use crate::training_files::TrainingFiles;
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, models, output};
use align_base::{counted, printable_path};
use align_data::EncodeReport;
use align_data::tables::{self, ExampleRow};
use align_models::TrainableModel;
use align_models::hub::RepoName;
use align_train::RunFolder;
use align_train::run::{Dataset, ModelSource, NewTokenizer, PreparedRun, Run, RunObjective};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Model, data, output folder, resume and upload. `F` are the options of the rows or prompts.
#[derive(clap::Args, Serialize)]
pub struct RunOptions<F: RunInput = TrainingFiles> {
    /// TOML or YAML file with option names as keys, with dashes or underscores. Options on the command line take precedence.
    #[arg(long)]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Language model to train: a folder in transformers' layout, a GGUF file, or user/name[@revision] on the hub [default: the bundled GPT-2].
    #[arg(long)]
    pub model: Option<String>,
    /// Add embeddings for tokens of the tokeniser that the model has none for. Without it, such a tokeniser is an error.
    #[arg(long)]
    resize_token_embeddings: bool,
    #[command(flatten)]
    #[serde(flatten)]
    pub files: F,
    /// Folder of the run: config.toml, metrics.jsonl, checkpoints, the final model and report.html.
    #[arg(long)]
    #[serde(skip)]
    pub output_dir: PathBuf,
    /// Resume the run in --output-dir from its newest checkpoint, with the options in its config.toml. If it ended before its first
    /// checkpoint, it starts again.
    #[arg(long)]
    #[serde(skip)]
    pub resume: bool,
    /// Resume even if the processor, number of threads, device, matmul precision or a library version differs from that of the
    /// checkpoint. The result is then not bitwise equal to that of an uninterrupted run.
    #[arg(long, requires = "resume")]
    #[serde(skip)]
    pub allow_inexact_resume: bool,
    /// Check options, data and model, and print rows, tokens, steps, and estimates of memory and time. Nothing is trained or written.
    #[arg(long, conflicts_with_all = ["resume", "push_to_hub"])]
    #[serde(skip)]
    pub dry_run: bool,
    /// File with one prompt per line, which the model continues, or table of conversations (.jsonl, .parquet, ...), which it answers,
    /// before the first step, at each evaluation and after the last step. samples.jsonl gets the texts, and report.html shows those
    /// before and after training side by side.
    #[arg(long)]
    pub sample_prompts: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub trackers: TrackerOptions,
    /// Upload the trained model to the Hugging Face hub after the run; needs --hub-model-id and a token in HF_TOKEN.
    #[arg(long, requires = "hub_model_id")]
    #[serde(skip)]
    push_to_hub: bool,
    /// Hub repository to upload to (user/name).
    #[arg(long, requires = "push_to_hub")]
    #[serde(skip)]
    hub_model_id: Option<RepoName>,
    /// If the hub repository does not exist yet, create it as private.
    #[arg(long, requires = "push_to_hub")]
    #[serde(skip)]
    hub_private_repo: bool,
    #[command(flatten)]
    #[serde(flatten)]
    runtime: RuntimeOptions,
    #[command(flatten)]
    #[serde(flatten)]
    pub processes: ProcessOptions,
}

/// The examples of a file, and notes on how they were made, for printing.
pub struct Examples<E> {
    pub rows: Vec<E>,
    pub notes: Vec<String>,
}

impl<E: ExampleRow> From<tables::Examples<E>> for Examples<E> {
    fn from(examples: tables::Examples<E>) -> Self {
        Self { notes: examples.notes().to_vec(), rows: examples.into_rows() }
    }
}

impl<E> From<Vec<E>> for Examples<E> {
    fn from(rows: Vec<E>) -> Self {
        Self { rows, notes: Vec::new() }
    }
}

/// The training and evaluation data of a run.
pub struct RunData<E> {
    pub train: Dataset<E>,
    pub eval: Option<Dataset<E>>,
    pub preparation: Preparation,
}

/// Facts about a run's data and model that are printed before the first step.
#[derive(Default)]
pub struct Preparation {
    /// The notes on the training file and on the evaluation file.
    notes: [Vec<String>; 2],
    /// Whether examples are packed.
    pub packing: bool,
    /// For a new model: whether its tokeniser is trained too.
    pub trains_new_tokenizer: Option<bool>,
}

impl RunOptions {
    /// Reads the training file and the evaluation file, if there is one.
    pub fn read<E>(
        &self,
        read: impl Fn(&[PathBuf], &ColumnOption) -> Result<Examples<E>, Failure>,
    ) -> Result<RunData<E>, Failure> {
        self.read_or_stream(None, read)
    }

    /// Like [`RunOptions::read`], but with `token_cache` the training files are only opened, and are tokenised into this folder.
    pub fn read_or_stream<E>(
        &self,
        token_cache: Option<&Path>,
        read: impl Fn(&[PathBuf], &ColumnOption) -> Result<Examples<E>, Failure>,
    ) -> Result<RunData<E>, Failure> {
        let (files, columns) = (self.files.train()?, self.files.columns());
        let (train, notes) = match token_cache {
            Some(folder) => (Dataset::streamed(&files, columns.names().into_owned(), folder), Vec::new()),
            None => {
                let Examples { rows, notes } = read(&files, columns)?;
                (Dataset::from_files(rows, &files), notes)
            }
        };
        let preparation = Preparation { notes: [notes, Vec::new()], ..Preparation::default() };
        let mut data = RunData { train, eval: None, preparation };
        if let Some(files) = self.files.eval()? {
            let Examples { rows, notes } = read(&files, columns).map_err(|e| format!("evaluation rows: {e}"))?;
            (data.eval, data.preparation.notes[1]) = (Some(Dataset::from_files(rows, &files)), notes);
        }
        Ok(data)
    }
}

impl<F: RunInput> RunOptions<F> {
    /// The new model of --model-config, the model of --model, or the bundled one.
    pub fn base_or_new_model<M>(
        &self,
        new_model: &NewModelOptions,
        bundled: &str,
        preparation: &mut Preparation,
    ) -> Result<ModelSource<M>, Failure> {
        let Some(new) = new_model.new_model()? else { return self.base_model(bundled) };
        let trained = matches!(new.tokenizer, NewTokenizer::Trained { .. });
        preparation.trains_new_tokenizer =
            Some(trained && !(self.resume && self.output_dir.join(RunFolder::TOKENIZER).exists()));
        Ok(new.into())
    }

    /// The model of --model, or the bundled one.
    pub fn base_model<M>(&self, bundled: &str) -> Result<ModelSource<M>, Failure> {
        Ok(match &self.model {
            Some(name) => ModelSource::pretrained(name),
            None => {
                let folder = models::folder("--model", None, bundled)?;
                let source = ModelSource::from(folder).with_display_name(models::display_name(None, bundled));
                source.with_base_name(models::bundled_name(bundled))
            }
        })
    }

    /// The folder of the model of --model, or of the bundled one. A hub model is downloaded if necessary.
    pub fn model_folder(&self, bundled: &str) -> Result<PathBuf, Failure> {
        models::folder("--model", self.model.as_deref(), bundled)
    }

    /// Rejects --sample-prompts, which only language models support.
    pub fn refuse_sample_prompts(&self) -> Result<(), Failure> {
        match &self.sample_prompts {
            Some(_) => {
                let problem = "--sample-prompts needs a language model, but a classifier is trained: leave it out";
                Err(UsageError::new(problem).into())
            }
            None => Ok(()),
        }
    }

    /// The device and the dtype.
    pub fn runtime(&self) -> &RuntimeOptions {
        &self.runtime
    }

    /// Applies the folder, the device, the trackers and the upload to a run.
    pub fn apply_to<O: RunObjective>(&self, run: Run<O>) -> Result<Run<O>, Failure> {
        let run = self.runtime.apply_to(run.output_dir(&self.output_dir));
        let run = self.trackers.apply_to(run.resize_token_embeddings(self.resize_token_embeddings))?;
        Ok(match &self.hub_model_id {
            Some(repo) if self.hub_private_repo => run.push_to_private_hub(repo.to_string()),
            Some(repo) => run.push_to_hub(repo.to_string()),
            None => run,
        })
    }
}

impl Preparation {
    /// The notes on the training file and on the evaluation file.
    pub fn notes(&self) -> &[Vec<String>; 2] {
        &self.notes
    }

    /// Prints what is known before the first step.
    pub fn print<O: RunObjective>(&self, ready: &PreparedRun<O>, files: &impl RunInput) {
        if self.trains_new_tokenizer == Some(true) {
            output::note!("new tokeniser with {} tokens, trained on the texts", ready.tokenizer().vocab_size());
        }
        if self.trains_new_tokenizer.is_some() {
            output::note!("new model with {} parameters", ready.trainer().policy().parameters().numel());
        }
        let print_file = |file: &Path, notes: &[String], report: Option<&EncodeReport>, rows: usize| {
            output::note!("{}", printable_path(file));
            notes.iter().for_each(|note| output::note!("  {note}"));
            match report {
                Some(report) => print_encode_report(report),
                None => {
                    let steps = ready.trainer().total_steps();
                    output::note!("  {} with {} in all rounds", counted(steps, "step"), counted(rows, "row"));
                }
            }
            if self.packing {
                output::note!("  packed into {}", counted(rows, "row"));
            }
        };
        let [train, eval] = &self.notes;
        print_file(&files.train_name(), train, ready.train_report(), ready.train_rows());
        if let Some(name) = files.eval_name() {
            print_file(&name, eval, ready.eval_report(), ready.eval_rows());
        }
    }
}

/// What tokenisation changed and dropped, with the names of options.
pub fn changes(report: &EncodeReport) -> Vec<String> {
    report.changes().iter().map(|change| change.replace("max_length", "--max-length")).collect()
}

/// Prints what tokenisation kept, changed and dropped, a line each.
pub fn print_encode_report(report: &EncodeReport) {
    output::note!("  {}", report.summary());
    changes(report).iter().for_each(|change| output::note!("  {change}"));
}

/// Sets an option of a run if it has a value.
pub fn set_if_given<R, T>(run: R, value: Option<T>, set: impl FnOnce(R, T) -> R) -> R {
    match value {
        Some(value) => set(run, value),
        None => run,
    }
}
