//! The initial model and the reference model of a run.

use super::NewModel;
use align_data::Tokenizer;
use align_models::{CausalLm, DistilBert, ModelResolver, SequenceClassifier};
use std::path::{Path, PathBuf};

/// Where the initial model of a run, of type `M`, comes from: a name, a loaded model, or a new model with random weights.
#[derive(Debug)]
pub struct ModelSource<M> {
    pub(super) origin: Origin<M>,
    /// The name on the model card.
    pub(super) display_name: String,
    /// The repository on the hub, if the model has one.
    pub(super) hub_id: Option<String>,
    /// The name that an adapter records as its base model: that on the hub, or the folder as it was given.
    pub(super) base_name: Option<String>,
}

#[derive(Debug)]
pub(super) enum Origin<M> {
    Pretrained(String),
    Loaded(M, Box<Tokenizer>),
    New(NewModel),
}

impl<M> ModelSource<M> {
    /// A model in a folder in transformers' layout, or on the hub, `user/name[@revision]`. If the folder only has an adapter, the model is
    /// its base model with the adapter merged into it.
    #[must_use]
    pub fn pretrained(name: impl Into<String>) -> Self {
        let name = name.into();
        let (display_name, hub_id) = (ModelResolver::display_name(&name), ModelResolver::hub_id(&name));
        let base_name = hub_id.clone().or_else(|| Some(name.clone()));
        Self { origin: Origin::Pretrained(name), display_name, hub_id, base_name }
    }

    /// A model that is already loaded, and its tokeniser.
    #[must_use]
    pub fn loaded(model: M, tokenizer: Tokenizer) -> Self {
        let display_name = "a model in memory".to_owned();
        Self { origin: Origin::Loaded(model, Box::new(tokenizer)), display_name, hub_id: None, base_name: None }
    }

    /// A new model with random weights.
    #[must_use]
    pub fn new_random(new: NewModel) -> Self {
        let display_name = new.display_name();
        Self { origin: Origin::New(new), display_name, hub_id: None, base_name: None }
    }

    /// Sets the name on the model card and in the report.
    #[must_use]
    pub fn with_display_name(self, display_name: impl Into<String>) -> Self {
        Self { display_name: display_name.into(), ..self }
    }

    /// Sets the name that an adapter records as its base model, if it is not that of the folder.
    #[must_use]
    pub fn with_base_name(self, base_name: impl Into<String>) -> Self {
        Self { base_name: Some(base_name.into()), ..self }
    }

    /// The folder or the name on the hub, if the model is given by one.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.origin {
            Origin::Pretrained(name) => Some(name),
            _ => None,
        }
    }
}

impl<M> From<&str> for ModelSource<M> {
    fn from(name: &str) -> Self {
        Self::pretrained(name)
    }
}

impl<M> From<String> for ModelSource<M> {
    fn from(name: String) -> Self {
        Self::pretrained(name)
    }
}

impl<M> From<&Path> for ModelSource<M> {
    fn from(folder: &Path) -> Self {
        Self::pretrained(folder.to_string_lossy())
    }
}

impl<M> From<PathBuf> for ModelSource<M> {
    fn from(folder: PathBuf) -> Self {
        Self::from(folder.as_path())
    }
}

impl<M> From<NewModel> for ModelSource<M> {
    fn from(new: NewModel) -> Self {
        Self::new_random(new)
    }
}

impl<C: CausalLm + 'static> From<(C, Tokenizer)> for ModelSource<Box<dyn CausalLm>> {
    fn from((model, tokenizer): (C, Tokenizer)) -> Self {
        Self::loaded(Box::new(model), tokenizer)
    }
}

impl<C: SequenceClassifier + 'static> From<(C, Tokenizer)> for ModelSource<Box<dyn SequenceClassifier>> {
    fn from((model, tokenizer): (C, Tokenizer)) -> Self {
        Self::loaded(Box::new(model), tokenizer)
    }
}

impl From<(DistilBert, Tokenizer)> for ModelSource<DistilBert> {
    fn from((model, tokenizer): (DistilBert, Tokenizer)) -> Self {
        Self::loaded(model, tokenizer)
    }
}

/// The reference model of a run.
#[derive(Debug)]
pub enum ReferenceModel {
    /// A folder, or a name on the hub.
    Pretrained(String),
    /// A model that is already loaded, and its name on the model card.
    Loaded(Box<dyn CausalLm>, String),
}

impl From<&str> for ReferenceModel {
    fn from(name: &str) -> Self {
        Self::Pretrained(name.to_owned())
    }
}

impl From<String> for ReferenceModel {
    fn from(name: String) -> Self {
        Self::Pretrained(name)
    }
}

impl From<&Path> for ReferenceModel {
    fn from(folder: &Path) -> Self {
        Self::Pretrained(folder.to_string_lossy().into_owned())
    }
}

impl From<Box<dyn CausalLm>> for ReferenceModel {
    fn from(model: Box<dyn CausalLm>) -> Self {
        Self::Loaded(model, "a model in memory".to_owned())
    }
}
