//! Models and tokenisers by their names, as values, or made anew.

use super::base_model::Origin;
use super::{BaseModel, Placement, ReferenceModel, RunModel};
use crate::{Error, Result, RunFolder};
use align_data::Tokenizer;
use align_models::{CausalLm, LoraConfig, ModelResolver};
use std::path::Path;

/// A model, its tokeniser, and what they are called.
pub(super) struct Loaded<M> {
    pub model: M,
    pub tokenizer: Tokenizer,
    pub display_name: String,
    pub hub_id: Option<String>,
}

impl<M: RunModel> BaseModel<M> {
    /// Loads the model, or makes it of the training texts; with `peft` an adapter on it.
    pub(super) fn load(
        self,
        peft: Option<LoraConfig>,
        texts: impl FnOnce() -> Vec<String>,
        (folder, resumes): (&RunFolder, bool),
        (placement, resolver): (&Placement, &mut ModelResolver),
    ) -> Result<Loaded<M>> {
        let (model, tokenizer) = match self.origin {
            Origin::New(new) => new.make(texts, folder, resumes, (placement, &mut *resolver))?,
            Origin::Given(model, tokenizer) => (model, *tokenizer),
            Origin::Named(name) => {
                let dir = resolver.folder(&name)?;
                if peft.is_some() {
                    refuse_adapter(&name, &dir)?;
                }
                (M::load(&dir, placement, resolver)?, tokenizer(&dir, resolver)?)
            }
        };
        let tokenizer = tokenizer.for_embeddings(model.embeddings())?;
        let model = match peft {
            Some(peft) => {
                let base = peft.base_model_name_or_path.or_else(|| self.hub_id.clone());
                model.adapt(LoraConfig { base_model_name_or_path: base, ..peft }, placement.seed)?
            }
            None => model,
        };
        Ok(Loaded { model, tokenizer, display_name: self.display_name, hub_id: self.hub_id })
    }
}

/// An adapter's adapter would have no base model that could be named.
fn refuse_adapter(name: &str, folder: &Path) -> Result<()> {
    let Some(base) = LoraConfig::base_of_adapter(folder)? else { return Ok(()) };
    let reason = format!(
        "would put a second adapter on the model: {name} is an adapter of {base}. Merge it first, with \
         `align merge-adapter --model {base} --adapter {name}`"
    );
    Err(Error::Config { option: "peft", reason })
}

impl ReferenceModel {
    /// Loads the model; beside it what the card calls it.
    pub(super) fn load(
        self,
        placement: &Placement,
        resolver: &mut ModelResolver,
    ) -> Result<(Box<dyn CausalLm>, String)> {
        match self {
            Self::Given(model, called) => Ok((model, called)),
            Self::Named(name) => {
                let dir = resolver.folder(&name)?;
                Ok((RunModel::load(&dir, placement, resolver)?, ModelResolver::display_name(&name)))
            }
        }
    }
}

/// The tokeniser in a model's folder; of an adapter alone that of its base model, where it has none of its own.
fn tokenizer(folder: &Path, resolver: &mut ModelResolver) -> Result<Tokenizer> {
    Ok(Tokenizer::from_pretrained(resolver.tokenizer_folder(folder)?)?)
}
