//! Loads models from folders. The `model_type` in `config.json` selects the architecture.

use crate::decoder::DecoderConfig;
use crate::decoder_classifier::other_class;
use crate::pretrained_config::{model_type, read_json_config};
use crate::{
    CausalLm, DecoderClassifier, DistilBert, Error, Gpt2, Gpt2Config, LlamaFamily, LlamaFamilyConfig, LoraModel,
    ModelResolver, NewHead, Result, SequenceClassifier, TrainableModel,
};
use std::path::Path;
use tch::{Device, Kind};

/// All architectures. To add one, add an entry here.
const ARCHITECTURES: [Architecture; 8] = [
    Architecture {
        model_type: "gpt2",
        task: Task::Decoder {
            causal_lm: |at| Ok(Box::new(at.load(Gpt2::from_pretrained)?)),
            classifier: decoder_classifier::<Gpt2Config>,
        },
    },
    llama_family("llama"),
    llama_family("mistral"),
    llama_family("qwen2"),
    llama_family("qwen3"),
    llama_family("gemma2"),
    llama_family("gemma3_text"),
    Architecture { model_type: "distilbert", task: Task::DistilBert },
];

const fn llama_family(model_type: &'static str) -> Architecture {
    let task = Task::Decoder {
        causal_lm: |at| Ok(Box::new(at.load(LlamaFamily::from_pretrained)?)),
        classifier: decoder_classifier::<LlamaFamilyConfig>,
    };
    Architecture { model_type, task }
}

struct Architecture {
    /// The `model_type` in `config.json`.
    model_type: &'static str,
    task: Task,
}

/// Loads a decoder with its classification head, or with a new one if there is none.
type LoadDecoderClassifier = fn(LoadOptions, Option<NewHead>) -> Result<(DecoderClassifier, bool)>;

/// What an architecture can be loaded as.
#[derive(Clone, Copy)]
pub(crate) enum Task {
    /// A language model, or a classifier with a head on the last token.
    Decoder { causal_lm: fn(LoadOptions) -> Result<Box<dyn CausalLm>>, classifier: LoadDecoderClassifier },
    /// A classifier.
    DistilBert,
}

impl Task {
    /// What a model for this task is called.
    fn kind(&self) -> &'static str {
        match self {
            Self::Decoder { .. } => "a language model",
            Self::DistilBert => "a classifier",
        }
    }
}

fn decoder_classifier<C: DecoderConfig>(
    at: LoadOptions,
    new_head: Option<NewHead>,
) -> Result<(DecoderClassifier, bool)> {
    match new_head {
        Some(head) => DecoderClassifier::from_pretrained_for_training::<C>(at.dir, head, at.kind, at.device),
        None => Ok((DecoderClassifier::from_pretrained::<C>(at.dir, at.kind, at.device)?, false)),
    }
}

/// The folder of the weights, and the dtype and device to load them to.
#[derive(Clone, Copy)]
pub(crate) struct LoadOptions<'a> {
    pub dir: &'a Path,
    pub kind: Kind,
    pub device: Device,
}

impl LoadOptions<'_> {
    pub fn load<M>(self, from_pretrained: impl FnOnce(&Path, Kind, Device) -> Result<M>) -> Result<M> {
        from_pretrained(self.dir, self.kind, self.device)
    }
}

/// A model loaded from a folder: what its config describes.
#[derive(Debug)]
pub enum AutoModel {
    /// A causal language model.
    CausalLm(Box<dyn CausalLm>),
    /// A sequence classifier.
    SequenceClassification(Box<dyn SequenceClassifier>),
}

impl AutoModel {
    /// Loads a model from a folder that transformers saved, in evaluation mode, with gradients off.
    ///
    /// # Errors
    /// The errors of [`AutoModelForCausalLm::from_pretrained`], and a folder that holds only an adapter.
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Self> {
        let at = LoadOptions { dir, kind, device };
        let config = read_json_config(&dir.join("config.json"))?;
        // A decoder without a class in its config is a language model.
        let is_classifier = config.get("architectures").is_some() && other_class(&config).is_none();
        Ok(match find_task(dir, |task| Some(*task))? {
            Task::Decoder { classifier, .. } if is_classifier => {
                Self::SequenceClassification(Box::new(classifier(at, None)?.0))
            }
            Task::Decoder { causal_lm, .. } => Self::CausalLm(causal_lm(at)?),
            Task::DistilBert => Self::SequenceClassification(Box::new(at.load(DistilBert::from_pretrained)?)),
        })
    }

    /// Number of token ids.
    #[must_use]
    pub fn vocab_size(&self) -> i64 {
        match self {
            Self::CausalLm(model) => model.vocab_size(),
            Self::SequenceClassification(model) => model.vocab_size(),
        }
    }

    /// The model as a [`TrainableModel`].
    #[must_use]
    pub fn model(&self) -> &dyn TrainableModel {
        match self {
            Self::CausalLm(model) => model.as_ref(),
            Self::SequenceClassification(model) => model.as_ref(),
        }
    }
}

/// Loads causal language models from folders.
///
/// ```no_run
/// use align_models::{AutoModelForCausalLm, CausalLm};
/// use tch::{Device, Kind};
///
/// let model = AutoModelForCausalLm::from_pretrained("models/gpt2".as_ref(), Kind::Float, Device::Cpu)?;
/// println!("{} tokens", model.vocab_size());
/// # Ok::<(), align_models::Error>(())
/// ```
#[derive(Debug)]
pub struct AutoModelForCausalLm;

impl AutoModelForCausalLm {
    /// Loads a model from a folder that transformers saved, in evaluation mode, with gradients off.
    ///
    /// If the folder holds only an adapter, this loads the base model that the adapter names and merges the adapter into it. The base
    /// model is a folder or, with the feature `hub`, a name on the hub.
    ///
    /// # Errors
    /// There is no `config.json`; the `model_type` is unknown (the message lists the known ones); the config or the weights cannot be
    /// read or do not match; the base model is not available.
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Box<dyn CausalLm>> {
        Self::from_pretrained_with(dir, &mut ModelResolver::default(), kind, device)
    }

    /// Like [`from_pretrained`](Self::from_pretrained), with a resolver for the base model of an adapter, which can report the progress
    /// of a download.
    ///
    /// # Errors
    /// The errors of [`AutoModelForCausalLm::from_pretrained`].
    pub fn from_pretrained_with(
        dir: &Path,
        resolver: &mut ModelResolver,
        kind: Kind,
        device: Device,
    ) -> Result<Box<dyn CausalLm>> {
        match resolver.base_of_adapter(dir)? {
            Some(base) => Self::with_adapter(&base, dir, kind, device),
            None => causal_lm(dir, kind, device),
        }
    }

    /// Merges the adapter into the base model, and logs that it does.
    fn with_adapter(base: &Path, adapter: &Path, kind: Kind, device: Device) -> Result<Box<dyn CausalLm>> {
        tracing::info!(adapter = %adapter.display(), base = %base.display(), "the adapter is merged into its base model");
        LoraModel::from_pretrained(causal_lm(base, kind, device)?, adapter)?.merge_and_unload()
    }
}

/// Loads a causal model from a folder without an adapter.
fn causal_lm(dir: &Path, kind: Kind, device: Device) -> Result<Box<dyn CausalLm>> {
    let load = find_task(dir, |task| if let Task::Decoder { causal_lm, .. } = task { Some(*causal_lm) } else { None })?;
    load(LoadOptions { dir, kind, device })
}

/// Fails unless a config file is that of a causal model.
pub(crate) fn check_causal_lm(config: &Path) -> Result<()> {
    task_of_config(config, |task| matches!(task, Task::Decoder { .. }).then_some(()))
}

/// Finds the architecture of a folder and returns what `wanted` selects from its task.
pub(crate) fn find_task<T>(dir: &Path, wanted: impl Fn(&Task) -> Option<T>) -> Result<T> {
    task_of_config(&dir.join("config.json"), wanted)
}

fn task_of_config<T>(path: &Path, wanted: impl Fn(&Task) -> Option<T>) -> Result<T> {
    let found = model_type(path)?;
    let own = ARCHITECTURES.iter().find(|architecture| architecture.model_type == found);
    own.and_then(|architecture| wanted(&architecture.task)).ok_or_else(|| {
        let known: Vec<&Architecture> = ARCHITECTURES.iter().filter(|other| wanted(&other.task).is_some()).collect();
        let kind = match (own, known.first()) {
            (Some(own), Some(known)) => format!(", {}, but {} is needed", own.task.kind(), known.task.kind()),
            _ => String::new(),
        };
        let known: Vec<String> = known.iter().map(|architecture| format!("\"{}\"", architecture.model_type)).collect();
        let reason = format!("model_type is \"{found}\"{kind}; {} was expected", one_of(&known));
        Error::Config { path: path.to_owned(), reason }
    })
}

/// Joins alternatives: `a, b or c`.
fn one_of(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
