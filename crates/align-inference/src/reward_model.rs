use crate::{Error, InferenceIdentity, Result};
use align_data::Tokenizer;
use align_models::score::{Score, Scorer};
use align_models::{AutoModelForSequenceClassification, ModelResolver, SequenceClassifier};
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// Texts that are tokenised and sorted by length at a time.
const PART: usize = 1024;
/// Texts that go through the model at a time, unless another number is set.
const BATCH_SIZE: usize = 32;

/// A classifier or reward model that scores texts.
pub struct RewardModel {
    folder: PathBuf,
    model: Box<dyn SequenceClassifier>,
    tokenizer: Tokenizer,
    scorer: Scorer,
    outputs: usize,
    batch_size: usize,
}

impl RewardModel {
    /// Loads it from a folder, or with the feature `hub` of `align-models` by its name on the hub (`user/name[@revision]`). All else is as
    /// in [`from_pretrained`](Self::from_pretrained).
    ///
    /// # Errors
    /// A name without a model, and those of [`from_pretrained`](Self::from_pretrained).
    pub fn load(name: &str, score: Option<&Score>, kind: Kind, device: Device) -> Result<Self> {
        Self::from_pretrained(&ModelResolver::default().folder(name)?, score, kind, device)
    }

    /// Loads it from a folder in transformers' layout. `score` is which of its outputs is a text's score, and in what form; without
    /// it a single output as it is, or minus the logit of the first of two labels, if that is the negative one by its name.
    ///
    /// # Errors
    /// A score that the model does not give, found before its weights are read; a folder that cannot be loaded.
    pub fn from_pretrained(folder: &Path, score: Option<&Score>, kind: Kind, device: Device) -> Result<Self> {
        let of_score = |problem| Error::Score { folder: folder.to_owned(), problem: Box::new(problem) };
        let labels = AutoModelForSequenceClassification::labels(folder).map_err(|problem| match problem {
            align_models::Error::Score(_) => of_score(problem),
            other => other.into(),
        })?;
        let scorer = Scorer::new(score, &labels).map_err(of_score)?;
        let plain = AutoModelForSequenceClassification::from_pretrained(folder, kind, device)?;
        let model = plain.packed()?.unwrap_or(plain);
        let tokenizer = Tokenizer::from_pretrained(folder)?.for_embeddings(model.vocab_size())?;
        let outputs = labels.names().len();
        Ok(Self { folder: folder.to_owned(), model, tokenizer, scorer, outputs, batch_size: BATCH_SIZE })
    }

    /// So many texts go through the model at a time; no score depends on it.
    #[must_use]
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self { batch_size, ..self }
    }

    /// What the scores are.
    #[must_use]
    pub fn score(&self) -> &Score {
        self.scorer.score()
    }

    /// What its logits depend on.
    ///
    /// # Errors
    /// A config or a tokeniser that cannot be written down, or not enough memory.
    pub fn identity(&self) -> Result<InferenceIdentity> {
        InferenceIdentity::of(self.model.as_ref(), &self.tokenizer)
    }

    /// How many outputs it has.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// A row of logits a text, `outputs` numbers each. A text is cut to what the model takes. Token ids and activations exist for a
    /// part of the texts at a time; `on_part` is given how many texts each part had.
    ///
    /// # Errors
    /// A batch size of 0; logits that are not finite (the error counts texts from one).
    pub fn logits(&self, texts: &[&str], mut on_part: impl FnMut(usize)) -> Result<Vec<Vec<f32>>> {
        let positions = self.model.max_position_embeddings() as usize;
        let longest = self.tokenizer.model_max_length().map_or(positions, |most| most.min(positions));
        let mut logits = Vec::with_capacity(texts.len());
        for part in texts.chunks(PART.max(self.batch_size)) {
            let ids = self.tokenizer.encode_batch(part, true, Some(longest))?;
            let before = logits.len() as u64;
            let found = self.model.classify(&ids, self.batch_size).map_err(|problem| Error::RewardModel {
                folder: self.folder.clone(),
                problem: Box::new(counted_from(before, problem)),
            })?;
            logits.extend(found);
            on_part(part.len());
        }
        Ok(logits)
    }

    /// The scores of texts by their rows of logits.
    ///
    /// # Errors
    /// A row of another length than the model's outputs.
    pub fn scores_of(&self, logits: &[Vec<f32>]) -> Result<Vec<f64>> {
        Ok(logits.iter().map(|row| self.scorer.of(row)).collect::<std::result::Result<_, _>>()?)
    }

    /// The scores of texts.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    pub fn scores(&self, texts: &[&str]) -> Result<Vec<f64>> {
        self.scores_of(&self.logits(texts, |_| ())?)
    }
}

/// An error that counts a part's texts, with the texts before the part counted too.
fn counted_from(before: u64, problem: align_models::Error) -> align_models::Error {
    match problem {
        align_models::Error::NotFinite { what, number, tensor } => {
            align_models::Error::NotFinite { what, number: before + number, tensor }
        }
        other => other,
    }
}
