use crate::shared_batches::{check_same_model, check_same_rows, for_each_batch};
use crate::{Error, InferenceIdentity, Result};
use align_base::Progress;
use align_data::{CompletionExample, EncodedCompletion, PromptedRow, Tokenizer, encode_completions};
use align_distributed::ProcessGroup;
use align_models::score::{Score, Scorer};
use align_models::{
    AutoModelForSequenceClassification, LoraConfig, ModelResolver, SequenceClassifier, batches_by_length,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    group: Arc<ProcessGroup>,
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
        let mut model = plain.packed()?.unwrap_or(plain);
        let tokenizer_folder = ModelResolver::default().tokenizer_folder(folder)?;
        let tokenizer = Tokenizer::from_pretrained(tokenizer_folder)?.for_embeddings(model.vocab_size())?;
        // An adapter has no config, and its base model may have another padding token than it was trained with.
        let is_adapter = LoraConfig::base_of_adapter(folder)?.is_some();
        if let Some(padding) = tokenizer.pad_token_id().or(tokenizer.eos_token_id()).filter(|_| is_adapter) {
            model.set_pad_token_id(padding);
        }
        let outputs = labels.names().len();
        let (folder, group) = (folder.to_owned(), Arc::new(ProcessGroup::single()));
        Ok(Self { folder, model, tokenizer, scorer, outputs, batch_size: DEFAULT_BATCH_SIZE, group })
    }

    /// Sets the number of texts per batch. The scores do not depend on it.
    #[must_use]
    pub fn with_batch_size(self, batch_size: usize) -> Self {
        Self { batch_size, ..self }
    }

    /// Shares out the batches among the processes of a group. Each of them scores the same texts, computes some of the batches, and gets the
    /// scores of all texts. They are those of one process.
    #[must_use]
    pub fn with_process_group(self, group: Arc<ProcessGroup>) -> Self {
        Self { group, ..self }
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
    /// A decoder with one output is a reward model, which was trained on texts that end with the end-of-sequence token: it is appended to
    /// each text.
    ///
    /// # Errors
    /// A batch size of 0, or logits that are not finite (the error counts texts from 1).
    pub fn logits(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        if !self.appends_eos() {
            return self.logits_by_chunk(texts, |texts| {
                Ok(self.tokenizer.encode_batch(texts, true, Some(self.max_length()))?)
            });
        }
        let rows: Vec<(&str, &str)> = texts.iter().map(|text| ("", *text)).collect();
        self.logits_by_chunk(&rows, |rows| self.encode(rows))
    }

    /// Like [`logits`](Self::logits), of a prompt with its completion each, or of a conversation, to which the tokeniser's chat template is
    /// applied.
    ///
    /// # Errors
    /// Those of [`logits`](Self::logits); a tokeniser without a chat template, or a conversation that it refuses.
    pub fn logits_of_rows(&self, rows: &[CompletionExample]) -> Result<Vec<Vec<f32>>> {
        self.logits_by_chunk(rows, |rows| self.encode(rows))
    }

    /// Whether a plain text gets an end-of-sequence token, as TRL's `RewardTrainer` appends it.
    fn appends_eos(&self) -> bool {
        self.model.scores_last_token() && self.outputs == 1 && self.tokenizer.special_tokens().eos.is_some()
    }

    fn max_length(&self) -> usize {
        let positions = self.model.max_position_embeddings() as usize;
        self.tokenizer.model_max_length().map_or(positions, |length| length.min(positions))
    }

    /// The ids of whole rows, truncated to the maximum length.
    fn encode<R: PromptedRow<1>>(&self, rows: &[R]) -> Result<Vec<Vec<i64>>> {
        let max_length = self.max_length();
        let encoded = encode_completions(&self.tokenizer, rows, self.appends_eos())?;
        let whole = encoded.into_iter().map(|EncodedCompletion { mut prompt_ids, completion_ids }| {
            prompt_ids.extend(completion_ids);
            prompt_ids.truncate(max_length);
            prompt_ids
        });
        Ok(whole.collect())
    }

    fn logits_by_chunk<T>(&self, texts: &[T], encode: impl Fn(&[T]) -> Result<Vec<Vec<i64>>>) -> Result<Vec<Vec<f32>>> {
        check_same_model(&self.group, self.model.as_ref(), self.batch_size)?;
        let mut logits = vec![Vec::new(); texts.len()];
        let mut progress = Progress::begin("scoring", "texts", texts.len());
        let (size, mut before) = (CHUNK.max(self.batch_size), 0);
        for (texts, logits) in texts.chunks(size).zip(logits.chunks_mut(size)) {
            let ids = self.group.agree_on_result(encode(texts))?;
            check_same_rows(&self.group, ids.iter().map(Vec::as_slice))?;
            let of_texts = |problem| Error::RewardModel {
                folder: self.folder.clone(),
                problem: Box::new(with_text_offset(before, problem)),
            };
            let batches = batches_by_length(ids.iter().map(Vec::len), self.batch_size).map_err(of_texts)?;
            let compute = |batch: &Vec<usize>| self.model.classify_batch(&ids, batch).map_err(of_texts);
            for_each_batch(&self.group, &batches, compute, |batch, rows| {
                for (index, row) in batch.iter().zip(rows) {
                    if let Some(slot) = logits.get_mut(*index) {
                        *slot = row;
                    }
                }
                progress.advance(batch.len());
            })?;
            before += texts.len() as u64;
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
