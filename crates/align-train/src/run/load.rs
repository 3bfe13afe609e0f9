//! Loading or creating the models and the tokeniser of a run.

use super::model_source::Origin;
use super::{ModelSource, Peft, Placement, ReferenceModel, RunModel};
use crate::{Error, Result, RunFolder};
use align_data::Tokenizer;
use align_models::{CausalLm, LoraConfig, ModelResolver};
use std::path::Path;

/// A model with its tokeniser and its names.
pub(super) struct LoadedModel<M> {
    pub model: M,
    pub tokenizer: Tokenizer,
    pub display_name: String,
    pub hub_id: Option<String>,
}

impl<M: RunModel> ModelSource<M> {
    /// Loads or creates the model, and adds or loads an adapter if `peft` is set. `texts` returns the texts for training a new tokeniser.
    pub(super) fn load(
        self,
        (peft, resize_token_embeddings): (Option<Peft>, bool),
        texts: impl FnOnce() -> Vec<String>,
        (folder, resumes): (&RunFolder, bool),
        (placement, resolver): (&Placement, &mut ModelResolver),
    ) -> Result<LoadedModel<M>> {
        let (model, tokenizer) = match self.origin {
            Origin::New(new) => new.create(texts, folder, resumes, (placement, &mut *resolver))?,
            Origin::Loaded(model, tokenizer) => (model, *tokenizer),
            Origin::Pretrained(name) => {
                let dir = resolver.folder(&name)?;
                let model = match peft {
                    Some(Peft::Loaded) => M::load_adapter(&dir, placement, resolver)?,
                    Some(Peft::New(_)) => {
                        check_no_adapter(&name, &dir)?;
                        M::load(&dir, placement, resolver)?
                    }
                    None => M::load(&dir, placement, resolver)?,
                };
                (model, tokenizer(&dir, resolver)?)
            }
        };
        let model = match resize_token_embeddings {
            true => {
                let tokens = model.embedding_rows().max(tokenizer.embeddings_needed() as i64);
                model.resize_token_embeddings(tokens)?
            }
            false => model,
        };
        let tokenizer = tokenizer.for_embeddings(model.embedding_rows())?;
        let model = match peft {
            Some(Peft::New(peft)) => {
                let base = peft.base_model_name_or_path.or(self.base_name);
                model.with_lora(LoraConfig { base_model_name_or_path: base, ..*peft }, placement.seed)?
            }
            Some(Peft::Loaded) | None => model,
        };
        Ok(LoadedModel { model, tokenizer, display_name: self.display_name, hub_id: self.hub_id })
    }
}

/// Rejects a second adapter on a model that has one: its base model could not be named in the adapter's config.
fn check_no_adapter(name: &str, folder: &Path) -> Result<()> {
    let Some(base) = LoraConfig::base_of_adapter(folder)? else { return Ok(()) };
    let reason = format!(
        "would add a second adapter: {name} is an adapter of {base}. Train that one further with Peft::Loaded, or merge it first, with \
         `align merge-adapter --model {base} --adapter {name}`"
    );
    Err(Error::Config { option: "peft", reason })
}

impl ReferenceModel {
    /// Loads the model. Also returns its name on the model card.
    pub(super) fn load(
        self,
        placement: &Placement,
        resolver: &mut ModelResolver,
    ) -> Result<(Box<dyn CausalLm>, String)> {
        match self {
            Self::Loaded(model, display_name) => Ok((model, display_name)),
            Self::Pretrained(name) => {
                let dir = resolver.folder(&name)?;
                Ok((RunModel::load(&dir, placement, resolver)?, ModelResolver::display_name(&name)))
            }
        }
    }
}

/// The tokeniser in the folder of a model. For an adapter without a tokeniser, that of its base model.
fn tokenizer(folder: &Path, resolver: &mut ModelResolver) -> Result<Tokenizer> {
    Ok(Tokenizer::from_pretrained(resolver.tokenizer_folder(folder)?)?)
}
