//! Models that a run can load, make and train.

use super::Placement;
use crate::{Error, Result};
use align_data::{Tokenizer, train_byte_level_bpe, train_word_piece};
use align_models::{
    AutoModelForCausalLm, CausalLm, DistilBert, DistilBertConfig, Gpt2, Gpt2Config, LoraConfig, LoraModel,
    ModelResolver, TrainableModel,
};
use std::path::Path;

/// The token that ends a text, in a vocabulary that is trained here.
const EOS: &str = "<|endoftext|>";

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
        Ok(AutoModelForCausalLm::from_pretrained_with(folder, resolver, placement.dtype, placement.device)?)
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
        usize::try_from(self.max_position_embeddings()).unwrap_or(usize::MAX)
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

/// A problem of a config's file, under its name.
fn in_file(file: &Path) -> impl FnOnce(align_models::Error) -> Error {
    let name = align_base::printable_path(file);
    move |problem| Error::Data(format!("{name}: {problem}"))
}
