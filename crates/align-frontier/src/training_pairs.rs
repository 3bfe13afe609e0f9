//! Training pairs of sampled texts.

use crate::Sample;
use align_data::{EncodedPair, PreferencePair, ScoredText};
use std::collections::HashMap;

/// Encodes pairs of sampled texts by the token ids that were sampled, to avoid differences from tokenising the text again and from appending
/// EOS.
pub(crate) fn encode_sampled_pairs<'a>(
    pairs: impl IntoIterator<Item = &'a PreferencePair>,
    samples: &'a [Sample],
    prompts: &'a [String],
    prompt_ids: &[Vec<i64>],
) -> Vec<EncodedPair> {
    let prompt = |sample: &Sample| prompts.get(sample.prompt).map_or("", String::as_str);
    let by_text: HashMap<(&str, &str), &Sample> =
        samples.iter().map(|sample| ((prompt(sample), sample.text.as_str()), sample)).collect();
    let encoded = pairs.into_iter().enumerate().filter_map(|(row, pair)| {
        let of = |text: &str| by_text.get(&(pair.prompt.as_str(), text)).copied();
        let (chosen, rejected) = (of(&pair.chosen)?, of(&pair.rejected)?);
        let prompt_ids = prompt_ids.get(chosen.prompt)?.clone();
        let (chosen_ids, rejected_ids) = (chosen.ids.clone(), rejected.ids.clone());
        Some(EncodedPair { prompt_ids, chosen_ids, rejected_ids, row, ..EncodedPair::default() })
    });
    encoded.collect()
}

/// The samples as texts with rewards.
pub(crate) fn scored_texts(samples: &[Sample], prompts: &[String]) -> Vec<ScoredText> {
    let prompt = |sample: &Sample| prompts.get(sample.prompt).map_or("", String::as_str);
    let text = |sample: &Sample| ScoredText::new(prompt(sample), sample.text.as_str(), sample.reward);
    samples.iter().map(text).collect()
}
