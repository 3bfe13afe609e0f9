use crate::{Error, InferenceIdentity, Result};
use align_base::Progress;
use align_data::Tokenizer;
use align_models::score::{Score, Scorer};
use align_models::{AutoModelForSequenceClassification, ModelResolver, SequenceClassifier};
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// Texts that are tokenised and sorted by length at a time.
const CHUNK: usize = 1024;
/// The default number of texts per batch.
const DEFAULT_BATCH_SIZE: usize = 32;

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
    /// Loads the model from a folder, or with the feature `hub` of `align-models` by its name on the hub (`user/name[@revision]`). Otherwise
    /// like [`from_pretrained`](Self::from_pretrained).
    ///
    /// # Errors
    /// A name without a model, or those of [`from_pretrained`](Self::from_pretrained).
    pub fn load(name: &str, score: Option<&Score>, kind: Kind, device: Device) -> Result<Self> {
        Self::from_pretrained(&ModelResolver::default().folder(name)?, score, kind, device)
    }

    /// Loads the model from a folder in transformers' layout. `score` selects the output that is the score of a text, and its form. The
    /// default is the only output of a model with one output, or minus the logit of the first label of a model with two labels if its name
    /// is that of a negative label.
    ///
    /// # Errors
    /// A score that the model does not have (checked before the weights are read), or a folder that cannot be loaded.
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
        Ok(Self { folder: folder.to_owned(), model, tokenizer, scorer, outputs, batch_size: DEFAULT_BATCH_SIZE })
    }

    /// Sets the number of texts per batch. The scores do not depend on it.
    #[must_use]
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self { batch_size, ..self }
    }

    /// The output and the form that the scores have.
    #[must_use]
    pub fn score(&self) -> &Score {
        self.scorer.score()
    }

    /// The identity of the model and its tokeniser.
    ///
    /// # Errors
    /// A config or a tokeniser that cannot be serialised, or not enough memory.
    pub fn identity(&self) -> Result<InferenceIdentity> {
        InferenceIdentity::of(self.model.as_ref(), &self.tokenizer)
    }

    /// The number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The logits of each text, one row of `outputs` numbers per text. Texts are truncated to the maximum length of the model. They are
    /// processed in chunks, which limits memory.
    ///
    /// # Errors
    /// A batch size of 0, or logits that are not finite (the error counts texts from 1).
    pub fn logits(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let positions = self.model.max_position_embeddings() as usize;
        let max_length = self.tokenizer.model_max_length().map_or(positions, |length| length.min(positions));
        let mut logits = Vec::with_capacity(texts.len());
        let mut progress = Progress::begin("scoring", "texts", texts.len());
        for chunk in texts.chunks(CHUNK.max(self.batch_size)) {
            let ids = self.tokenizer.encode_batch(chunk, true, Some(max_length))?;
            let before = logits.len() as u64;
            let rows = self.model.classify(&ids, self.batch_size, &mut |texts| progress.advance(texts)).map_err(
                |problem| Error::RewardModel {
                    folder: self.folder.clone(),
                    problem: Box::new(with_text_offset(before, problem)),
                },
            )?;
            logits.extend(rows);
        }
        Ok(logits)
    }

    /// The scores of texts from their rows of logits.
    ///
    /// # Errors
    /// A row whose length is not the number of outputs.
    pub fn scores_from_logits(&self, logits: &[Vec<f32>]) -> Result<Vec<f64>> {
        Ok(logits.iter().map(|row| self.scorer.of(row)).collect::<std::result::Result<_, _>>()?)
    }

    /// The scores of texts.
    ///
    /// # Errors
    /// Those of [`logits`](Self::logits).
    pub fn scores(&self, texts: &[&str]) -> Result<Vec<f64>> {
        self.scores_from_logits(&self.logits(texts)?)
    }
}

/// Adds the number of texts before a chunk to the number of a text in an error.
fn with_text_offset(before: u64, problem: align_models::Error) -> align_models::Error {
    match problem {
        align_models::Error::NotFinite { what, number, tensor } => {
            align_models::Error::NotFinite { what, number: before + number, tensor }
        }
        other => other,
    }
}
