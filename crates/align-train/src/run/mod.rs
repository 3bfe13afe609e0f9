//! Training runs: they take a model and examples, and write a folder with the trained model and all records.
//!
//! | run | examples | objective |
//! | --- | --- | --- |
//! | [`DpoRun`] | preference pairs | DPO and its variants, with a reference model |
//! | [`KtoRun`] | unpaired preferences | KTO, BCO, APO-zero, with a reference model |
//! | [`CpoRun`] | preference pairs | CPO, SimPO, AlphaPO, ORPO, SLiC-HF |
//! | [`SftRun`] | texts, or prompts and completions | cross-entropy of the next token |
//! | [`RewardRun`] | preference pairs | a reward model's Bradley-Terry loss |
//! | [`ClassificationRun`] | labelled texts | cross-entropy of the class |

mod checks;
mod dataset;
mod dry_run;
mod load;
mod model_source;
mod new_model;
mod peft;
mod placement;
mod prepare;
mod prepared;
mod run_model;
mod run_names;
mod run_objective;
mod saved_options;
mod settings;
mod streamed;
mod summary;
#[cfg(feature = "trackers")]
mod tracker_settings;
#[cfg(feature = "trackers")]
mod trackers;
#[cfg(feature = "hub")]
mod upload;

pub use dataset::Dataset;
pub use dry_run::{DryRun, RowCounts};
pub use model_source::{ModelSource, ReferenceModel};
pub use new_model::{NewModel, NewTokenizer};
pub use peft::Peft;
pub use placement::Placement;
pub use prepared::PreparedRun;
pub use run_model::RunModel;
pub use run_objective::{EncodeContext, EncodedExamples, PromptedExample, RunObjective};
pub use saved_options::flat_toml;
pub use streamed::{StreamedFiles, StreamedRows};
pub use summary::RunSummary;
#[cfg(feature = "hub")]
pub use upload::Upload;

use crate::objective::{Classification, Cpo, Dpo, Kto, Objective, Reward, Sft};
use crate::{Observer, Result, ResumeMode, RunConfig, StopSignal};
use align_data::{InvalidRows, Tokenizer};
use align_distributed::ProcessGroup;
use align_models::ModelResolver;
use align_torch::{DeviceChoice, MatmulPrecision};
use std::fmt;
use std::path::{Path, PathBuf};
use tch::Kind;

/// A run of DPO (arXiv:2305.18290) or one of its variants on preference pairs.
pub type DpoRun = Run<Dpo>;
/// A run of KTO (arXiv:2402.01306), BCO or APO-zero on unpaired preferences.
pub type KtoRun = Run<Kto>;
/// A run of CPO (arXiv:2401.08417), SimPO, AlphaPO, ORPO or SLiC-HF on preference pairs.
pub type CpoRun = Run<Cpo>;
/// A run of supervised fine-tuning on texts.
pub type SftRun = Run<Sft>;
/// A run that trains a reward model on preference pairs.
pub type RewardRun = Run<Reward>;
/// A run that trains a classifier on labelled texts.
pub type ClassificationRun = Run<Classification>;

/// A training run that has not started: the model, the examples, the options and the output folder.
///
/// [`Run::train`] runs it. The output folder then has the options (`config.toml`), the metrics (`metrics.jsonl`), the checkpoints, the
/// trained model with its model card (`model`), and with the feature `report` an HTML report (`report.html`). [`Run::prepare`] only loads
/// everything, for a program that needs the trainer before the first step.
///
/// ```
/// use align_data::PreferencePair;
/// use align_train::run::DpoRun;
/// use align_train::{DpoConfig, TrainingConfig};
///
/// # fn main() -> align_train::Result<()> {
/// # let folder = tempfile::tempdir().map_err(|e| align_train::Error::Data(e.to_string()))?;
/// # let output_dir = folder.path().join("dpo");
/// # let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data/models/gpt2-tiny");
/// let pairs = vec![PreferencePair::new("The film was", " a joy.", " a bore."); 8];
/// let config = DpoConfig {
///     beta: 0.1,
///     training: TrainingConfig { max_steps: Some(2), ..TrainingConfig::default() },
///     ..DpoConfig::default()
/// };
/// let summary = DpoRun::new(model, pairs, config)?.output_dir(&output_dir).train()?;
/// assert_eq!(summary.steps, 2);
/// assert!(output_dir.join("model/model.safetensors").exists());
/// # Ok(())
/// # }
/// ```
#[must_use = "a run does nothing until `train` is called"]
pub struct Run<O: RunObjective> {
    model: ModelSource<O::Model>,
    train: Dataset<O::Example>,
    eval: Option<Dataset<O::Example>>,
    config: O::Config,
    reference: Option<ReferenceModel>,
    peft: Option<Peft>,
    resize_token_embeddings: bool,
    max_length: Option<usize>,
    strip_prompt: bool,
    invalid_rows: InvalidRows,
    dtype: Option<Kind>,
    device: Option<DeviceChoice>,
    matmul_precision: Option<MatmulPrecision>,
    output_dir: Option<PathBuf>,
    resume: Option<ResumeMode>,
    samples: Option<SampleTextsFactory<O>>,
    observers: Vec<Box<dyn Observer<O>>>,
    stop: StopSignal,
    group: Option<ProcessGroup>,
    recorded_options: Option<serde_json::Value>,
    #[cfg(feature = "trackers")]
    trackers: tracker_settings::TrackerSettings,
    #[cfg(feature = "hub")]
    upload: Option<(String, bool)>,
    resolver: ModelResolver,
}

/// Creates the observer that writes sample texts, from the file, the policy, the tokeniser, the seed, and whether the run is resumed.
type SampleTextsFactory<O> =
    Box<dyn FnOnce(&Path, &<O as Objective>::Model, &Tokenizer, u64, bool) -> Result<Box<dyn Observer<O>>>>;

impl<O: RunObjective> Run<O> {
    /// Creates a run that trains a model on examples.
    ///
    /// * `model`: a folder in transformers' layout, a name on the hub (`user/name[@revision]`, with the feature `hub`), a model with its
    ///   tokeniser, or a [`NewModel`].
    /// * `examples`: a table that was read from a file, or a `Vec`.
    ///
    /// # Errors
    /// Options that are out of range or contradict each other.
    pub fn new(
        model: impl Into<ModelSource<O::Model>>,
        examples: impl Into<Dataset<O::Example>>,
        config: O::Config,
    ) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            model: model.into(),
            train: examples.into(),
            eval: None,
            config,
            reference: None,
            peft: None,
            resize_token_embeddings: false,
            max_length: None,
            strip_prompt: true,
            invalid_rows: InvalidRows::default(),
            dtype: None,
            device: None,
            matmul_precision: None,
            output_dir: None,
            resume: None,
            samples: None,
            observers: Vec::new(),
            stop: StopSignal::default(),
            group: None,
            recorded_options: None,
            #[cfg(feature = "trackers")]
            trackers: tracker_settings::TrackerSettings::default(),
            #[cfg(feature = "hub")]
            upload: None,
            resolver: ModelResolver::default(),
        })
    }

    /// Trains until the last step, or until an observer or the stop signal ends the run. At the end, evaluates, writes the model with its
    /// model card and the report, and uploads the model if [`Run::push_to_hub`] was called.
    ///
    /// # Errors
    /// Those of [`Run::prepare`] and [`PreparedRun::train`].
    pub fn train(self) -> Result<RunSummary> {
        self.prepare()?.train()
    }
}

impl<O: RunObjective> fmt::Debug for Run<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, output_dir, resume, .. } = self;
        f.debug_struct("Run")
            .field("config", config)
            .field("output_dir", output_dir)
            .field("resume", resume)
            .finish_non_exhaustive()
    }
}
