//! The model whose tokeniser counts tokens, and whose log-probabilities compare the sides of pairs.

use super::options::Options;
use super::sampled_pairs::SampledPairs;
use crate::usage::UsageError;
use crate::{Failure, models};
use align_audit::{AuditReport, Check, Prediction};
use align_data::{EncodeOptions, EncodedPairs, InvalidRows, Tokenizer, encode_pairs};
use align_inference::{PromptCompletion, completion_logps};
use align_models::CausalLm;

/// Sequences of a batch.
const BATCH: usize = 16;

/// A language model.
pub struct Model {
    model: Box<dyn CausalLm>,
    pub tokenizer: Tokenizer,
    /// The most tokens of a prompt and a completion.
    pub limit: usize,
}

impl Model {
    pub fn load(name: &str, options: &Options) -> Result<Self, Failure> {
        let folder = models::fetch(name)?;
        let model = models::causal_lm(&folder, options.runtime.dtype, options.runtime.device()?)?;
        let tokenizer = models::tokenizer(&folder, model.vocab_size())?;
        let most = usize::try_from(model.max_position_embeddings())?;
        let limit = options.max_length.unwrap_or(most);
        if !(2..=most).contains(&limit) {
            let problem = format!("--max-length {limit}: expected 2 to {most}, the tokens that the model reads");
            return Err(UsageError::new(problem).into());
        }
        Ok(Self { model, tokenizer, limit })
    }

    /// The special tokens of the tokeniser.
    pub fn special_tokens(&self) -> Vec<String> {
        let tokens = self.tokenizer.special_tokens();
        [&tokens.bos, &tokens.eos, &tokens.pad, &tokens.cls, &tokens.sep, &tokens.mask]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

/// Adds how often the model gives the chosen text of a pair a higher log-probability.
pub fn add_margins(report: &mut AuditReport, model: &Model, sampled: &SampledPairs) -> Result<(), Failure> {
    let options =
        EncodeOptions { max_length: Some(model.limit), invalid_rows: InvalidRows::Drop, ..EncodeOptions::default() };
    let EncodedPairs { pairs, .. } = encode_pairs(&model.tokenizer, &sampled.pairs, &options)?;
    if pairs.is_empty() {
        report.add_not_checked(Check::ReferenceMargins, "no pair fits into the limit");
        return Ok(());
    }
    let of = |chosen: bool| -> Vec<PromptCompletion<'_>> {
        let sides = pairs.iter().map(|pair| (pair, if chosen { &pair.chosen_ids } else { &pair.rejected_ids }));
        sides.map(|(pair, completion_ids)| PromptCompletion { prompt_ids: &pair.prompt_ids, completion_ids }).collect()
    };
    let logps = |chosen: bool| completion_logps(model.model.as_ref(), &of(chosen), BATCH);
    let sums = |logps: Vec<Vec<f32>>| -> Vec<f64> {
        logps.iter().map(|tokens| tokens.iter().map(|logp| f64::from(*logp)).sum()).collect()
    };
    let (chosen, rejected) = (sums(logps(true)?), sums(logps(false)?));
    let right: f64 = chosen.iter().zip(&rejected).map(|(chosen, rejected)| won(*chosen, *rejected)).sum();
    let rule = "the model gives the chosen text the higher log-probability";
    report.add_prediction(Prediction::of_share(Check::ReferenceMargins, right, pairs.len() as u64, rule));
    Ok(())
}

fn won(chosen: f64, rejected: f64) -> f64 {
    if chosen == rejected { 0.5 } else { f64::from(u8::from(chosen > rejected)) }
}
