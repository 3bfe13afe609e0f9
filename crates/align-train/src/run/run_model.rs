//! Models that a run can load, create and train.

use super::Placement;
use crate::{Error, Result};
use align_data::{Tokenizer, train_byte_level_bpe, train_word_piece};
use align_models::{
    AutoModelForCausalLm, AutoModelForSequenceClassification, CausalLm, DistilBert, DistilBertConfig, LoraConfig,
    LoraModel, ModelResolver, NewHead, NewVocabulary, SequenceClassifier, TrainableModel, resize_token_embeddings,
};
use std::path::{Path, PathBuf};

/// The EOS token of a newly trained vocabulary.
const EOS: &str = "<|endoftext|>";

/// A model that a [`Run`](super::Run) can load, create and train.
pub trait RunModel: TrainableModel + Sized {
    /// Loads the model from a folder. If the folder only has an adapter, `resolver` finds its base model.
    ///
    /// # Errors
    /// A folder without such a model.
    fn load(folder: &Path, placement: &Placement, resolver: &mut ModelResolver) -> Result<Self>;

    /// Loads the adapter in a folder and its base model, without merging them.
    ///
    /// # Errors
    /// A folder without an adapter, or a base model that is not available.
    fn load_adapter(folder: &Path, placement: &Placement, resolver: &mut ModelResolver) -> Result<Self>;

    /// Adds a new LoRA adapter to the model.
    ///
    /// # Errors
    /// An adapter that does not fit the model.
    fn with_lora(self, peft: LoraConfig, seed: u64) -> Result<Self>;

    /// Checks that a new model with this config and a vocabulary of this size would fit into memory.
    ///
    /// # Errors
    /// A config of another model, or too little memory.
    fn check_new_model(config: &Path, vocab_size: i64, placement: &Placement) -> Result<()>;

    /// Trains a tokeniser of the kind that the model uses.
    ///
    /// # Errors
    /// Texts or a size from which no tokeniser can be trained.
    fn train_tokenizer(texts: &[String], vocab_size: usize) -> Result<Tokenizer>;

    /// Creates a model with random weights.
    ///
    /// # Errors
    /// A config of another model.
    fn new_random(config: &Path, tokenizer: &Tokenizer, placement: &Placement) -> Result<Self>;

    /// Adapts the model to its tokeniser, before training.
    ///
    /// # Errors
    /// A tokeniser that lacks what the model needs.
    fn with_tokenizer(self, tokenizer: &Tokenizer) -> Result<Self> {
        let _ = tokenizer;
        Ok(self)
    }

    /// Adds embeddings for further tokens, up to `tokens` in all.
    ///
    /// # Errors
    /// A model whose embeddings cannot grow.
    fn resize_token_embeddings(self, tokens: i64) -> Result<Self>;

    /// The size of the token embedding, in tokens.
    fn embedding_rows(&self) -> i64;

    /// The maximum number of tokens of a sequence.
    fn max_sequence_length(&self) -> usize;
}

impl RunModel for Box<dyn CausalLm> {
    fn load(folder: &Path, placement: &Placement, resolver: &mut ModelResolver) -> Result<Self> {
        Ok(AutoModelForCausalLm::from_pretrained_with(folder, resolver, placement.dtype, placement.device)?)
    }

    fn load_adapter(folder: &Path, placement: &Placement, resolver: &mut ModelResolver) -> Result<Self> {
        let base = adapter_base(folder, resolver)?;
        Ok(Box::new(LoraModel::from_pretrained(<Self as RunModel>::load(&base, placement, resolver)?, folder)?))
    }

    fn with_lora(self, peft: LoraConfig, seed: u64) -> Result<Self> {
        Ok(Box::new(LoraModel::new(self, peft, seed)?))
    }

    fn check_new_model(file: &Path, vocab_size: i64, placement: &Placement) -> Result<()> {
        // An error in the config has the name of its file already.
        let checked = AutoModelForCausalLm::check_new_model(file, vocab_size, placement.dtype, placement.device);
        checked.map_err(|problem| match problem {
            align_models::Error::ModelMemory { .. } => in_file(file)(problem),
            other => other.into(),
        })
    }

    fn train_tokenizer(texts: &[String], vocab_size: usize) -> Result<Tokenizer> {
        Ok(train_byte_level_bpe(texts, vocab_size, &[EOS])?)
    }

    fn new_random(config: &Path, tokenizer: &Tokenizer, placement: &Placement) -> Result<Self> {
        let vocabulary = NewVocabulary {
            size: tokenizer.embeddings_needed() as i64,
            bos_token_id: tokenizer.bos_token_id(),
            eos_token_id: tokenizer.eos_token_id(),
        };
        let Placement { dtype, device, seed } = *placement;
        Ok(AutoModelForCausalLm::new_random(config, vocabulary, seed, dtype, device)?)
    }

    fn resize_token_embeddings(self, tokens: i64) -> Result<Self> {
        Ok(resize_token_embeddings(&self, tokens)?)
    }

    fn embedding_rows(&self) -> i64 {
        self.vocab_size()
    }

    fn max_sequence_length(&self) -> usize {
        usize::try_from(self.max_position_embeddings()).unwrap_or(usize::MAX)
    }
}

impl RunModel for Box<dyn SequenceClassifier> {
    fn load(folder: &Path, placement: &Placement, resolver: &mut ModelResolver) -> Result<Self> {
        let (kind, device) = (placement.dtype, placement.device);
        let new_head = NewHead { num_labels: 1, seed: placement.seed };
        let load = AutoModelForSequenceClassification::from_pretrained_for_training;
        let (model, is_new) = load(folder, new_head, resolver, kind, device)?;
        if is_new {
            tracing::info!(folder = %folder.display(), "has no classification head: creating a new one with one output");
        }
        Ok(model)
    }

    fn load_adapter(folder: &Path, placement: &Placement, resolver: &mut ModelResolver) -> Result<Self> {
        let base = adapter_base(folder, resolver)?;
        let (kind, device) = (placement.dtype, placement.device);
        Ok(AutoModelForSequenceClassification::with_adapter(&base, folder, kind, device)?)
    }

    fn with_lora(self, peft: LoraConfig, seed: u64) -> Result<Self> {
        Ok(SequenceClassifier::with_lora(self, peft, seed)?)
    }

    fn check_new_model(_: &Path, _: i64, _: &Placement) -> Result<()> {
        Err(no_new_reward_model())
    }

    fn train_tokenizer(_: &[String], _: usize) -> Result<Tokenizer> {
        Err(no_new_reward_model())
    }

    fn new_random(_: &Path, _: &Tokenizer, _: &Placement) -> Result<Self> {
        Err(no_new_reward_model())
    }

    /// As TRL does, sets the padding token of the tokeniser, or else its EOS token, in place of that in the config.
    fn with_tokenizer(mut self, tokenizer: &Tokenizer) -> Result<Self> {
        let padding = tokenizer.pad_token_id().or(tokenizer.eos_token_id());
        let padding = padding.ok_or_else(|| {
            Error::Data(
                "the tokeniser has neither a padding token nor an EOS token: set one in its tokenizer_config.json"
                    .into(),
            )
        })?;
        self.set_pad_token_id(padding);
        Ok(self)
    }

    fn resize_token_embeddings(self, _: i64) -> Result<Self> {
        let reason = "needs a language model, but this is a reward model: remove it".into();
        Err(Error::Config { option: "resize_token_embeddings", reason })
    }

    fn embedding_rows(&self) -> i64 {
        self.vocab_size()
    }

    fn max_sequence_length(&self) -> usize {
        usize::try_from(self.max_position_embeddings()).unwrap_or(usize::MAX)
    }
}

impl RunModel for DistilBert {
    fn load(folder: &Path, placement: &Placement, _: &mut ModelResolver) -> Result<Self> {
        let (kind, device) = (placement.dtype, placement.device);
        let (model, new_head) = Self::from_pretrained_for_training(folder, placement.seed, kind, device)?;
        if new_head {
            tracing::warn!(folder = %folder.display(), classes = model.config().num_labels(), "has no classification head: creating a new one");
        }
        Ok(model)
    }

    fn load_adapter(_: &Path, _: &Placement, _: &mut ModelResolver) -> Result<Self> {
        Err(no_adapter())
    }

    fn with_lora(self, _: LoraConfig, _: u64) -> Result<Self> {
        Err(no_adapter())
    }

    fn check_new_model(file: &Path, vocab_size: i64, placement: &Placement) -> Result<()> {
        let config = DistilBertConfig::for_new_model(file, vocab_size)?;
        config.check_memory(placement.dtype, placement.device).map_err(in_file(file))
    }

    fn train_tokenizer(texts: &[String], vocab_size: usize) -> Result<Tokenizer> {
        Ok(train_word_piece(texts, vocab_size)?)
    }

    fn new_random(config: &Path, tokenizer: &Tokenizer, placement: &Placement) -> Result<Self> {
        let config = DistilBertConfig {
            pad_token_id: tokenizer.pad_token_id(),
            ..DistilBertConfig::for_new_model(config, tokenizer.embeddings_needed() as i64)?
        };
        Ok(Self::new_random(config, placement.seed, placement.dtype, placement.device)?)
    }

    fn resize_token_embeddings(self, _: i64) -> Result<Self> {
        let reason = "needs a language model, but this is a classifier: remove it".into();
        Err(Error::Config { option: "resize_token_embeddings", reason })
    }

    fn embedding_rows(&self) -> i64 {
        self.config().vocab_size
    }

    fn max_sequence_length(&self) -> usize {
        usize::try_from(self.config().max_position_embeddings).unwrap_or(usize::MAX)
    }
}

/// The folder of the base model of the adapter in `folder`.
fn adapter_base(folder: &Path, resolver: &mut ModelResolver) -> Result<PathBuf> {
    resolver.base_of_adapter(folder)?.ok_or_else(|| {
        let reason = format!("names the adapter of the model, but {} has none", align_base::printable_path(folder));
        Error::Config { option: "peft", reason }
    })
}

fn no_new_reward_model() -> Error {
    let reason = "is new, but a reward model is trained from a language model or a classifier: give one".into();
    Error::Config { option: "model", reason }
}

fn no_adapter() -> Error {
    Error::Config { option: "peft", reason: "needs a language model, but this is a classifier: remove it".into() }
}

/// An error in a config file, with the name of the file.
fn in_file(file: &Path) -> impl FnOnce(align_models::Error) -> Error {
    let name = align_base::printable_path(file);
    move |problem| Error::Data(format!("{name}: {problem}"))
}
