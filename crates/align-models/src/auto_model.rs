//! Models by their folders: `config.json` says which architecture they are.

use crate::pretrained_config::model_type;
use crate::score::Labels;
use crate::{
    CausalLm, DistilBert, DistilBertConfig, Error, Gpt2, LoraModel, ModelResolver, Result, SequenceClassifier,
    TrainableModel,
};
use std::path::Path;
use tch::{Device, Kind};

/// All architectures; a new one is a line here.
const ARCHITECTURES: [Architecture; 2] = [
    Architecture { model_type: "gpt2", task: Task::CausalLm(|at| Ok(Box::new(at.load(Gpt2::from_pretrained)?))) },
    Architecture {
        model_type: "distilbert",
        task: Task::SequenceClassification {
            labels: |dir| DistilBertConfig::from_pretrained(dir)?.labels(),
            load: |at| Ok(Box::new(at.load(DistilBert::from_pretrained)?)),
        },
    },
];

struct Architecture {
    /// What `config.json` calls it.
    model_type: &'static str,
    task: Task,
}

#[derive(Clone, Copy)]
enum Task {
    CausalLm(fn(Place) -> Result<Box<dyn CausalLm>>),
    SequenceClassification {
        labels: fn(&Path) -> Result<Labels>,
        load: fn(Place) -> Result<Box<dyn SequenceClassifier>>,
    },
}

/// Where weights are read from, and where to.
#[derive(Clone, Copy)]
struct Place<'a> {
    dir: &'a Path,
    kind: Kind,
    device: Device,
}

impl Place<'_> {
    fn load<M>(self, from_pretrained: impl FnOnce(&Path, Kind, Device) -> Result<M>) -> Result<M> {
        from_pretrained(self.dir, self.kind, self.device)
    }
}

/// A model of whatever kind a folder holds.
#[derive(Debug)]
pub enum AutoModel {
    /// A causal language model.
    CausalLm(Box<dyn CausalLm>),
    /// A classifier of texts.
    SequenceClassification(Box<dyn SequenceClassifier>),
}

impl AutoModel {
    /// Loads the model in a folder of transformers' layout, in evaluation mode, with gradients off.
    ///
    /// # Errors
    /// As [`AutoModelForCausalLm::from_pretrained`]; a folder that holds an adapter alone.
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Self> {
        let at = Place { dir, kind, device };
        Ok(match task(dir, |task| Some(*task))? {
            Task::CausalLm(load) => Self::CausalLm(load(at)?),
            Task::SequenceClassification { load, .. } => Self::SequenceClassification(load(at)?),
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

    /// What the two have in common.
    #[must_use]
    pub fn model(&self) -> &dyn TrainableModel {
        match self {
            Self::CausalLm(model) => model.as_ref(),
            Self::SequenceClassification(model) => model.as_ref(),
        }
    }
}

/// Causal language models by their folders.
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
    /// Loads the model in a folder of transformers' layout, in evaluation mode, with gradients off. Of a folder that holds an adapter
    /// alone it is the base model that the adapter names, with the adapter merged into it: a folder, or with the feature `hub` a name on
    /// the hub.
    ///
    /// # Errors
    /// A folder without `config.json`, a `model_type` that is not known (the message lists those that are), a config or weights that
    /// cannot be read or do not fit each other, or a base model that is not to be had.
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Box<dyn CausalLm>> {
        Self::from_pretrained_with(dir, &mut ModelResolver::default(), kind, device)
    }

    /// The same with the base model of an adapter found by `resolver`, which may show its download.
    ///
    /// # Errors
    /// As [`AutoModelForCausalLm::from_pretrained`].
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

    /// The base model with the adapter merged into it; says so in a warning, since the adapter is an adapter no more.
    fn with_adapter(base: &Path, adapter: &Path, kind: Kind, device: Device) -> Result<Box<dyn CausalLm>> {
        tracing::warn!(adapter = %adapter.display(), base = %base.display(), "the adapter is merged into its base model");
        LoraModel::from_pretrained(causal_lm(base, kind, device)?, adapter)?.merge_and_unload()
    }
}

/// Classifiers of texts by their folders.
#[derive(Debug)]
pub struct AutoModelForSequenceClassification;

impl AutoModelForSequenceClassification {
    /// Loads the classifier in a folder of transformers' layout, in evaluation mode, with gradients off.
    ///
    /// # Errors
    /// As [`AutoModelForCausalLm::from_pretrained`].
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Box<dyn SequenceClassifier>> {
        let load = |task: &Task| match task {
            Task::SequenceClassification { load, .. } => Some(*load),
            Task::CausalLm(_) => None,
        };
        task(dir, load)?(Place { dir, kind, device })
    }

    /// What the classifier's outputs mean, before its weights are read.
    ///
    /// # Errors
    /// A config that cannot be read, or labels that contradict each other.
    pub fn labels(dir: &Path) -> Result<Labels> {
        let labels = |task: &Task| match task {
            Task::SequenceClassification { labels, .. } => Some(*labels),
            Task::CausalLm(_) => None,
        };
        task(dir, labels)?(dir)
    }
}

/// The causal model in a folder that holds no adapter.
fn causal_lm(dir: &Path, kind: Kind, device: Device) -> Result<Box<dyn CausalLm>> {
    let load = task(dir, |task| if let Task::CausalLm(load) = task { Some(*load) } else { None })?;
    load(Place { dir, kind, device })
}

/// What a folder's architecture can, as `wanted` picks it.
fn task<T>(dir: &Path, wanted: impl Fn(&Task) -> Option<T>) -> Result<T> {
    let path = dir.join("config.json");
    let found = model_type(&path)?;
    let own = ARCHITECTURES.iter().find(|architecture| architecture.model_type == found);
    own.and_then(|architecture| wanted(&architecture.task)).ok_or_else(|| {
        let known = ARCHITECTURES.iter().filter(|architecture| wanted(&architecture.task).is_some());
        let known: Vec<String> = known.map(|architecture| format!("\"{}\"", architecture.model_type)).collect();
        let reason = format!("model_type is \"{found}\"; {} was expected", known.join(" or "));
        Error::Config { path, reason }
    })
}
