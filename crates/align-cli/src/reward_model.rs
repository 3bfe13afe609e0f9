use crate::job::Identity;
use crate::{Failure, RuntimeOptions, models};
use align_data::Tokenizer;
use align_models::score::{Score, Scorer};
use align_models::{DistilBert, DistilBertConfig, Error};
use std::path::Path;

/// Texts that are tokenised and sorted by length at a time.
const PART: usize = 1024;

/// Which of the reward model's outputs is the reward.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct ScoreOption {
    /// What a text's score is: logit:LABEL, minus-logit:LABEL, log-odds:LABEL or probability:LABEL, LABEL by its name in the
    /// config's id2label or its number, or scalar. [default: a single output as it is; minus-logit of the first of two labels if
    /// that is the negative one by its name]
    #[arg(long)]
    pub score: Option<Score>,
}

/// A classifier that scores texts.
pub struct RewardModel {
    /// What messages call it.
    name: String,
    model: DistilBert,
    tokenizer: Tokenizer,
    scorer: Scorer,
    batch_size: usize,
}

impl RewardModel {
    /// Loads it from its folder; `score` is checked before the weights are read.
    pub fn load(dir: &Path, score: &ScoreOption, runtime: &RuntimeOptions, batch_size: usize) -> Result<Self, Failure> {
        let labels = DistilBertConfig::from_pretrained(dir)?.labels();
        let scorer = labels.and_then(|labels| Scorer::new(score.score.as_ref(), &labels));
        let scorer = scorer.map_err(|e| format!("--score, {}: {e}", align_base::printable_path(dir)))?;
        let model = DistilBert::from_pretrained(dir, runtime.dtype, runtime.device()?)?.packed()?;
        let tokenizer = models::tokenizer(dir, model.config().vocab_size)?;
        let name = align_base::printable_path(dir);
        Ok(Self { name, model, tokenizer, scorer, batch_size })
    }

    /// What the scores are.
    pub fn score(&self) -> &Score {
        self.scorer.score()
    }

    /// What its logits depend on.
    pub fn identity(&self) -> Result<Identity, Failure> {
        Identity::of(&self.model, &self.tokenizer)
    }

    /// How many outputs it has.
    pub fn outputs(&self) -> usize {
        self.model.config().num_labels() as usize
    }

    /// Logits of texts, cut to what the model takes. Token ids and activations exist for a part of the texts at a time;
    /// `on_part` hears how many texts each part had.
    pub fn logits(&self, texts: &[&str], mut on_part: impl FnMut(usize)) -> Result<Vec<Vec<f32>>, Failure> {
        let positions = self.model.config().max_position_embeddings as usize;
        let longest = self.tokenizer.model_max_length().map_or(positions, |most| most.min(positions));
        let mut logits = Vec::with_capacity(texts.len());
        for part in texts.chunks(PART.max(self.batch_size)) {
            let ids = self.tokenizer.encode_batch(part, true, Some(longest))?;
            let before = logits.len() as u64;
            let failed = |e: Error| match e {
                Error::NotFinite { what, number, tensor } => Error::NotFinite { what, number: before + number, tensor },
                other => other,
            };
            let found = self.model.classify(&ids, self.batch_size).map_err(failed);
            logits.extend(found.map_err(|e| format!("{}: {e}", self.name))?);
            on_part(part.len());
        }
        Ok(logits)
    }

    /// The scores of texts by their logits.
    pub fn of(&self, logits: &[Vec<f32>]) -> Result<Vec<f64>, Failure> {
        Ok(logits.iter().map(|row| self.scorer.of(row)).collect::<Result<_, _>>()?)
    }

    /// The scores of texts.
    pub fn scores(&self, texts: &[&str]) -> Result<Vec<f64>, Failure> {
        self.of(&self.logits(texts, |_| ())?)
    }
}
