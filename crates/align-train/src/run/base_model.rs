//! The model that a run begins with.

use super::NewModel;
use align_data::Tokenizer;
use align_models::{CausalLm, DistilBert, ModelResolver};
use std::path::{Path, PathBuf};

/// The model that a run begins with, of the type `M`: one by its name, a value, or a new one with random weights.
#[derive(Debug)]
pub struct BaseModel<M> {
    pub(super) origin: Origin<M>,
    /// What the card calls it.
    pub(super) display_name: String,
    /// Its repository on the hub, where it has one.
    pub(super) hub_id: Option<String>,
}

#[derive(Debug)]
pub(super) enum Origin<M> {
    Named(String),
    Given(M, Box<Tokenizer>),
    New(NewModel),
}

impl<M> BaseModel<M> {
    /// The model of a folder in transformers' layout, or of a name on the hub, `user/name[@revision]`. A folder with an adapter alone
    /// stands for its base model with the adapter merged into it.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        let (display_name, hub_id) = (ModelResolver::display_name(&name), ModelResolver::hub_id(&name));
        Self { origin: Origin::Named(name), display_name, hub_id }
    }

    /// A model that is loaded already, and its tokeniser.
    #[must_use]
    pub fn given(model: M, tokenizer: Tokenizer) -> Self {
        let display_name = "a model in memory".to_owned();
        Self { origin: Origin::Given(model, Box::new(tokenizer)), display_name, hub_id: None }
    }

    /// A model with random weights.
    #[must_use]
    pub fn random(new: NewModel) -> Self {
        let display_name = new.display_name();
        Self { origin: Origin::New(new), display_name, hub_id: None }
    }

    /// The same under another name on the card and in the report.
    #[must_use]
    pub fn called(self, display_name: impl Into<String>) -> Self {
        Self { display_name: display_name.into(), ..self }
    }

    /// The name that it was given by, if it was.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.origin {
            Origin::Named(name) => Some(name),
            _ => None,
        }
    }
}

impl<M> From<&str> for BaseModel<M> {
    fn from(name: &str) -> Self {
        Self::named(name)
    }
}

impl<M> From<String> for BaseModel<M> {
    fn from(name: String) -> Self {
        Self::named(name)
    }
}

impl<M> From<&Path> for BaseModel<M> {
    fn from(folder: &Path) -> Self {
        Self::named(folder.to_string_lossy())
    }
}

impl<M> From<PathBuf> for BaseModel<M> {
    fn from(folder: PathBuf) -> Self {
        Self::from(folder.as_path())
    }
}

impl<M> From<NewModel> for BaseModel<M> {
    fn from(new: NewModel) -> Self {
        Self::random(new)
    }
}

impl<C: CausalLm + 'static> From<(C, Tokenizer)> for BaseModel<Box<dyn CausalLm>> {
    fn from((model, tokenizer): (C, Tokenizer)) -> Self {
        Self::given(Box::new(model), tokenizer)
    }
}

impl From<(DistilBert, Tokenizer)> for BaseModel<DistilBert> {
    fn from((model, tokenizer): (DistilBert, Tokenizer)) -> Self {
        Self::given(model, tokenizer)
    }
}

/// The model that a policy is compared with.
#[derive(Debug)]
pub enum ReferenceModel {
    /// One by its name: a folder, or a name on the hub.
    Named(String),
    /// One that is loaded already, and what the card calls it.
    Given(Box<dyn CausalLm>, String),
}

impl From<&str> for ReferenceModel {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl From<String> for ReferenceModel {
    fn from(name: String) -> Self {
        Self::Named(name)
    }
}

impl From<&Path> for ReferenceModel {
    fn from(folder: &Path) -> Self {
        Self::Named(folder.to_string_lossy().into_owned())
    }
}

impl From<Box<dyn CausalLm>> for ReferenceModel {
    fn from(model: Box<dyn CausalLm>) -> Self {
        Self::Given(model, "a model in memory".to_owned())
    }
}
