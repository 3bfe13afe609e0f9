//! Loads sequence classifiers and reward models from folders.

use crate::auto_model::{LoadOptions, Task, find_task};
use crate::decoder_classifier::{adapter_outputs, labels_of_config, other_class};
use crate::pretrained_config::read_json_config;
use crate::score::Labels;
use crate::{
    DistilBert, DistilBertConfig, Error, LoraConfig, ModelResolver, NewHead, Result, SequenceClassifier, TaskType,
};
use std::path::Path;
use tch::{Device, Kind};

/// Loads sequence classifiers and reward models from folders.
#[derive(Debug)]
pub struct AutoModelForSequenceClassification;

impl AutoModelForSequenceClassification {
    /// Loads a classifier from a folder that transformers saved, in evaluation mode, with gradients off.
    ///
    /// If the folder holds only an adapter, this loads the base model that the adapter names and merges the adapter into it. The base
    /// model is a folder or, with the feature `hub`, a name on the hub.
    ///
    /// # Errors
    /// The errors of [`AutoModelForCausalLm::from_pretrained`](crate::AutoModelForCausalLm::from_pretrained); a language model without a
    /// classification head.
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Box<dyn SequenceClassifier>> {
        Self::from_pretrained_with(dir, &mut ModelResolver::default(), kind, device)
    }

    /// Like [`from_pretrained`](Self::from_pretrained), with a resolver for the base model of an adapter.
    ///
    /// # Errors
    /// The errors of [`from_pretrained`](Self::from_pretrained).
    pub fn from_pretrained_with(
        dir: &Path,
        resolver: &mut ModelResolver,
        kind: Kind,
        device: Device,
    ) -> Result<Box<dyn SequenceClassifier>> {
        if let Some(base) = resolver.base_of_adapter(dir)? {
            return Self::with_merged_adapter(&base, dir, kind, device);
        }
        check_is_classifier(dir)?;
        let at = LoadOptions { dir, kind, device };
        Ok(match find_task(dir, |task| Some(*task))? {
            Task::Decoder { classifier, .. } => Box::new(classifier(at, None)?.0),
            Task::DistilBert => Box::new(at.load(DistilBert::from_pretrained)?),
        })
    }

    /// Loads a classifier for training. If the folder holds a language model or an encoder without a head, it gets a new head. The second
    /// value is whether this was done. An adapter is merged into its base model.
    ///
    /// # Errors
    /// The errors of [`from_pretrained`](Self::from_pretrained).
    pub fn from_pretrained_for_training(
        dir: &Path,
        new_head: NewHead,
        resolver: &mut ModelResolver,
        kind: Kind,
        device: Device,
    ) -> Result<(Box<dyn SequenceClassifier>, bool)> {
        if resolver.base_of_adapter(dir)?.is_some() {
            return Ok((Self::from_pretrained_with(dir, resolver, kind, device)?, false));
        }
        let at = LoadOptions { dir, kind, device };
        Ok(match find_task(dir, |task| Some(*task))? {
            Task::Decoder { classifier, .. } => {
                let (model, is_new) = classifier(at, Some(new_head))?;
                (Box::new(model), is_new)
            }
            Task::DistilBert => {
                let (model, is_new) = DistilBert::from_pretrained_with_new_head(dir, new_head, kind, device)?;
                (Box::new(model), is_new)
            }
        })
    }

    /// Loads the adapter in `dir` and its base model in `base`, without merging them, to train the adapter further.
    ///
    /// # Errors
    /// The errors of [`from_pretrained`](Self::from_pretrained).
    pub fn with_adapter(base: &Path, dir: &Path, kind: Kind, device: Device) -> Result<Box<dyn SequenceClassifier>> {
        Ok(Box::new(base_of_adapter(dir, LoadOptions { dir: base, kind, device })?.with_adapter(dir)?))
    }

    /// Loads the adapter in `dir` and merges it into the base model in `base`, in place of the one that the adapter names.
    ///
    /// # Errors
    /// The errors of [`from_pretrained`](Self::from_pretrained).
    pub fn with_merged_adapter(
        base: &Path,
        dir: &Path,
        kind: Kind,
        device: Device,
    ) -> Result<Box<dyn SequenceClassifier>> {
        let base = base_of_adapter(dir, LoadOptions { dir: base, kind, device })?;
        Ok(Box::new(base.with_merged_adapter(dir)?))
    }

    /// Reads the labels of the classifier without loading its weights.
    ///
    /// # Errors
    /// The config cannot be read, or its labels contradict each other; a language model.
    pub fn labels(dir: &Path) -> Result<Labels> {
        Self::labels_with(dir, &mut ModelResolver::default())
    }

    /// Like [`labels`](Self::labels), with a resolver for the base model of an adapter.
    ///
    /// # Errors
    /// The errors of [`labels`](Self::labels).
    pub fn labels_with(dir: &Path, resolver: &mut ModelResolver) -> Result<Labels> {
        if let Some(base) = resolver.base_of_adapter(dir)? {
            let config = read_json_config(&base.join("config.json"))?;
            return match other_class(&config) {
                None => labels_of_config(&config),
                Some(_) => Labels::new(adapter_outputs(dir)?, None),
            };
        }
        check_is_classifier(dir)?;
        match find_task(dir, |task| Some(*task))? {
            Task::Decoder { .. } => labels_of_config(&read_json_config(&dir.join("config.json"))?),
            Task::DistilBert => DistilBertConfig::from_pretrained(dir)?.labels(),
        }
    }
}

/// Fails if the config names the class of another kind of decoder, such as a language model.
fn check_is_classifier(dir: &Path) -> Result<()> {
    let path = dir.join("config.json");
    if matches!(find_task(dir, |task| Some(*task))?, Task::DistilBert) {
        return Ok(());
    }
    let config = read_json_config(&path)?;
    match other_class(&config) {
        None => Ok(()),
        Some(class) => {
            let reason = format!(
                "the model is a {class}, but a classifier or reward model is needed, a class that ends in ForSequenceClassification: train \
                 one with align reward"
            );
            Err(Error::Config { path, reason })
        }
    }
}

/// Loads the base model of an adapter. If it is a language model, its head is that in the adapter.
fn base_of_adapter(adapter: &Path, at: LoadOptions) -> Result<crate::DecoderClassifier> {
    let path = adapter.join("adapter_config.json");
    let fail = |reason: &str| Err(Error::Config { path: path.clone(), reason: reason.to_owned() });
    if LoraConfig::from_pretrained(adapter)?.task_type != TaskType::SequenceClassification {
        return fail(
            "`task_type` is not \"SEQ_CLS\": the adapter belongs to a language model, not to a classifier or reward model",
        );
    }
    let Task::Decoder { classifier, .. } = find_task(at.dir, |task| Some(*task))? else {
        return fail("the base model is a DistilBERT, which does not support adapters");
    };
    // The values of a new head are replaced by those of the adapter.
    let num_labels = adapter_outputs(adapter).map_or(0, |names| names.len() as i64);
    let new_head = (num_labels > 0).then_some(NewHead { num_labels, seed: 0 });
    Ok(classifier(at, new_head)?.0)
}
