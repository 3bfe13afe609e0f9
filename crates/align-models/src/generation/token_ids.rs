//! The token ids in the options.

use super::processors::NoBadWords;
use super::{Generation, GenerationConfig, GenerationError};
use crate::CausalLm;

impl GenerationConfig {
    /// Every token id in the options, with the name of the option.
    pub(super) fn token_ids(&self) -> impl Iterator<Item = (&'static str, i64)> {
        fn named<'a>(
            option: &'static str,
            ids: impl IntoIterator<Item = &'a i64>,
        ) -> impl Iterator<Item = (&'static str, i64)> {
            ids.into_iter().map(move |id| (option, *id))
        }
        named("eos_token_id", self.eos_token_id.iter().flatten())
            .chain(named("pad_token_id", &self.pad_token_id))
            .chain(named("bos_token_id", &self.bos_token_id))
            .chain(named("forced_eos_token_id", self.forced_eos_token_id.iter().flatten()))
            .chain(named("suppress_tokens", self.suppress_tokens.iter().flatten()))
            .chain(named("begin_suppress_tokens", self.begin_suppress_tokens.iter().flatten()))
            .chain(named("bad_words_ids", self.bad_words_ids.iter().flatten().flatten()))
            .chain(named("sequence_bias", self.sequence_bias.iter().flatten().flat_map(|(ids, _)| ids)))
    }
}

/// Checks the options that depend on the model, and returns the end-of-sequence ids.
pub(super) fn eos_ids<M: CausalLm + ?Sized>(model: &M, generation: &Generation) -> Result<Vec<i64>, GenerationError> {
    let config = generation.config();
    let eos = config.eos_token_id.clone().unwrap_or_else(|| model.eos_token_ids().to_vec());
    let outside = |(_, id): &(&str, i64)| !(0..model.vocab_size()).contains(id);
    let own = eos.iter().map(|id| ("eos_token_id", *id));
    if let Some((option, id)) = own.chain(config.token_ids()).find(outside) {
        let expected = "a token id of the model's vocabulary";
        return Err(GenerationError::Value { option, found: id.to_string(), expected });
    }
    let needs_eos = [
        ("min_length", config.min_length.is_some_and(|n| n > 0)),
        ("min_new_tokens", config.min_new_tokens.is_some_and(|n| n > 0)),
        ("exponential_decay_length_penalty", config.exponential_decay_length_penalty.is_some()),
    ];
    if let Some((option, _)) = needs_eos.into_iter().find(|(_, set)| *set && eos.is_empty()) {
        let conflict = "has no effect without an `eos_token_id`, and the model has none".to_owned();
        return Err(GenerationError::Conflict {
            option,
            conflict,
            remedy: "remove it, or give an `eos_token_id`".into(),
        });
    }
    if config.bad_words_ids.as_ref().is_some_and(|words| NoBadWords::new(words, &eos).is_empty()) {
        let conflict = "contains only `eos_token_id`, which it does not exclude".to_owned();
        let remedy = "use `min_new_tokens` or `suppress_tokens` to exclude EOS".to_owned();
        return Err(GenerationError::Conflict { option: "bad_words_ids", conflict, remedy });
    }
    if !generation.has_stop_strings() {
        let conflict = "needs the text of the tokens, which is not known".to_owned();
        let remedy = "set it with Generation::with_token_bytes".to_owned();
        return Err(GenerationError::Conflict { option: "stop_strings", conflict, remedy });
    }
    Ok(eos)
}
