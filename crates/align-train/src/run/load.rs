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
        (output_dir, folder, resumes): (&Path, Option<&RunFolder>, bool),
        (placement, resolver): (&Placement, &mut ModelResolver),
    ) -> Result<LoadedModel<M>> {
        let (model, tokenizer) = match self.origin {
            Origin::New(new) => new.create(texts, (output_dir, folder, resumes), (placement, &mut *resolver))?,
            Origin::Loaded(model, tokenizer) => (model, *tokenizer),
            Origin::Pretrained(name) => {
                let dir = resolver.folder(&name)?;
                let model = match peft {
                    Some(Peft::Loaded) => M::load_adapter(&dir, placement, resolver)?,
                    Some(Peft::New(_)) => {
                        check_no_adapter(&name, &dir)?;
                        M::load(&dir, placement, resolver)?
                    }
                    None => {
                        warn_if_adapter(&dir)?;
                        M::load(&dir, placement, resolver)?
                    }
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
        let model = model.with_tokenizer(&tokenizer)?;
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

/// A reference model with its name on the model card.
pub(super) struct LoadedReference {
    pub model: Box<dyn CausalLm>,
    pub display_name: String,
    /// The tokeniser in its folder, if there is one.
    tokenizer: Option<Tokenizer>,
}

/// Warns that an adapter is merged, because its own options have no effect then.
fn warn_if_adapter(folder: &Path) -> Result<()> {
    if let Some(base) = LoraConfig::base_of_adapter(folder)? {
        let base = align_base::printable(&base);
        tracing::warn!(
            "the model is an adapter of {base}: it is merged into its base model, and all weights are trained; --use-peft (in a program, \
             Peft::Loaded) trains the adapter further"
        );
    }
    Ok(())
}

impl ReferenceModel {
    /// Loads the model.
    pub(super) fn load(self, placement: &Placement, resolver: &mut ModelResolver) -> Result<LoadedReference> {
        match self {
            Self::Loaded(model, display_name) => Ok(LoadedReference { model, display_name, tokenizer: None }),
            Self::Pretrained(name) => {
                let dir = resolver.folder(&name)?;
                let model = RunModel::load(&dir, placement, resolver)?;
                let tokenizer = match tokenizer(&dir, resolver) {
                    Ok(tokenizer) => Some(tokenizer),
                    Err(Error::Batch(align_data::Error::NoTokenizer { .. })) => None,
                    Err(problem) => return Err(problem),
                };
                Ok(LoadedReference { model, display_name: ModelResolver::display_name(&name), tokenizer })
            }
        }
    }
}

impl LoadedReference {
    /// Rejects a reference model whose token ids stand for other tokens than the policy's: its log-probabilities would be those of other
    /// texts.
    pub(super) fn check_tokenizer(&self, policy: &Tokenizer) -> Result<()> {
        let Some(different) = self.tokenizer.as_ref().and_then(|own| policy.different_token(own)) else {
            return Ok(());
        };
        let (id, [ours, theirs], count) = (different.id, &different.tokens, different.count);
        let reason = format!(
            "has another tokeniser than the model: {count} token ids stand for other tokens, such as {id}, {ours:?} in the model and {theirs:?} in \
             {}. Use a reference model with the same tokeniser, such as the model before training",
            self.display_name
        );
        Err(Error::Config { option: "ref_model", reason })
    }
}

/// The tokeniser in the folder of a model. For an adapter without a tokeniser, that of its base model.
fn tokenizer(folder: &Path, resolver: &mut ModelResolver) -> Result<Tokenizer> {
    Ok(Tokenizer::from_pretrained(resolver.tokenizer_folder(folder)?)?)
}
