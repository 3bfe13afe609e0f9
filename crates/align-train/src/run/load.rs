//! Models and tokenisers from their folders.

use super::base_model::Origin;
use super::new_model::in_file;
use super::{BaseModel, ReferenceModel};
use crate::{Error, Result, RunFolder};
use align_data::{Tokenizer, train_byte_level_bpe, train_word_piece};
use align_models::{
    CausalLm, DistilBert, DistilBertConfig, Gpt2, Gpt2Config, LoraConfig, LoraModel, ModelResolver, TrainableModel,
};
use std::path::Path;
use tch::{Device, Kind};

/// The token that ends a text, in a vocabulary that is trained here.
const EOS: &str = "<|endoftext|>";

/// Where weights are, in which dtype, and the seed of those that are drawn.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The weights' dtype.
    pub dtype: Kind,
    /// Where they are.
    pub device: Device,
    /// For weights that are drawn at random.
    pub seed: u64,
}

/// A model that a [`Run`](super::Run) can load, make and train.
pub trait RunModel: TrainableModel + Sized {
    /// The model in a folder. `resolver` finds the base model of a folder that holds an adapter alone.
    ///
    /// # Errors
    /// A folder that holds no such model.
    fn load(folder: &Path, placement: &Placement, resolver: &mut ModelResolver) -> Result<Self>;

    /// The model with a new adapter on it.
    ///
    /// # Errors
    /// An adapter that the model cannot have.
    fn adapt(self, peft: LoraConfig, seed: u64) -> Result<Self>;

    /// Whether a new model by this config, with so many tokens where that is known, would fit into memory.
    ///
    /// # Errors
    /// A config that is none of this model's, or too little memory.
    fn check_new(config: &Path, vocab_size: Option<i64>, placement: &Placement) -> Result<()>;

    /// Trains the kind of tokeniser that goes with the model.
    ///
    /// # Errors
    /// Texts or a size that give no tokeniser.
    fn train_tokenizer(texts: &[String], vocab_size: usize) -> Result<Tokenizer>;

    /// A model with random weights.
    ///
    /// # Errors
    /// A config that is none of this model's.
    fn new_random(config: &Path, tokenizer: &Tokenizer, placement: &Placement) -> Result<Self>;

    /// Number of token ids.
    fn embeddings(&self) -> i64;

    /// Longest sequence, in tokens.
    fn longest(&self) -> usize;
}

impl RunModel for Box<dyn CausalLm> {
    fn load(folder: &Path, placement: &Placement, resolver: &mut ModelResolver) -> Result<Self> {
        let (kind, device) = (placement.dtype, placement.device);
        Ok(match resolver.base_of_adapter(folder)? {
            None => Box::new(Gpt2::from_pretrained(folder, kind, device)?),
            Some(base) => LoraModel::merged_from_pretrained(&base, folder, kind, device)?,
        })
    }

    fn adapt(self, peft: LoraConfig, seed: u64) -> Result<Self> {
        Ok(Box::new(LoraModel::new(self, peft, seed)?))
    }

    fn check_new(file: &Path, vocab_size: Option<i64>, placement: &Placement) -> Result<()> {
        let config = Gpt2Config::from_file(file)?;
        let sized = Gpt2Config { vocab_size: vocab_size.unwrap_or(config.vocab_size), ..config };
        sized.check_memory(placement.dtype, placement.device).map_err(in_file(file))
    }

    fn train_tokenizer(texts: &[String], vocab_size: usize) -> Result<Tokenizer> {
        Ok(train_byte_level_bpe(texts, vocab_size, &[EOS])?)
    }

    fn new_random(config: &Path, tokenizer: &Tokenizer, placement: &Placement) -> Result<Self> {
        let config = Gpt2Config {
            vocab_size: tokenizer.embeddings_needed() as i64,
            bos_token_id: tokenizer.bos_token_id(),
            eos_token_id: tokenizer.eos_token_id().map(|id| vec![id]),
            ..Gpt2Config::from_file(config)?
        };
        Ok(Box::new(Gpt2::new_random(config, placement.seed, placement.dtype, placement.device)?))
    }

    fn embeddings(&self) -> i64 {
        self.vocab_size()
    }

    fn longest(&self) -> usize {
        usize::try_from(self.n_positions()).unwrap_or(usize::MAX)
    }
}

impl RunModel for DistilBert {
    fn load(folder: &Path, placement: &Placement, _: &mut ModelResolver) -> Result<Self> {
        let (kind, device) = (placement.dtype, placement.device);
        let (model, new_head) = Self::from_pretrained_for_training(folder, placement.seed, kind, device)?;
        if new_head {
            tracing::warn!(folder = %folder.display(), classes = model.config().num_labels(), "holds no classifier: a new one is made");
        }
        Ok(model)
    }

    fn adapt(self, _: LoraConfig, _: u64) -> Result<Self> {
        Err(Error::Config { option: "peft", reason: "needs a language model, this is a classifier".into() })
    }

    fn check_new(file: &Path, vocab_size: Option<i64>, placement: &Placement) -> Result<()> {
        let config = DistilBertConfig::from_file(file)?;
        let sized = DistilBertConfig { vocab_size: vocab_size.unwrap_or(config.vocab_size), ..config };
        sized.check_memory(placement.dtype, placement.device).map_err(in_file(file))
    }

    fn train_tokenizer(texts: &[String], vocab_size: usize) -> Result<Tokenizer> {
        Ok(train_word_piece(texts, vocab_size)?)
    }

    fn new_random(config: &Path, tokenizer: &Tokenizer, placement: &Placement) -> Result<Self> {
        let config = DistilBertConfig {
            vocab_size: tokenizer.embeddings_needed() as i64,
            pad_token_id: tokenizer.pad_token_id(),
            ..DistilBertConfig::from_file(config)?
        };
        Ok(Self::new_random(config, placement.seed, placement.dtype, placement.device)?)
    }

    fn embeddings(&self) -> i64 {
        self.config().vocab_size
    }

    fn longest(&self) -> usize {
        usize::try_from(self.config().max_position_embeddings).unwrap_or(usize::MAX)
    }
}

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
    let own = ["tokenizer.json", "vocab.json", "vocab.txt"].iter().any(|name| folder.join(name).exists());
    let base = if own { None } else { resolver.base_of_adapter(folder)? };
    Ok(Tokenizer::from_pretrained(base.as_deref().unwrap_or(folder))?)
}
