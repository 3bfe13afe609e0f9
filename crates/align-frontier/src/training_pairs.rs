//! Training pairs of sampled texts.

use crate::{Result, Sample};
use align_data::pairing::{PairOptions, PairingReport, pair};
use align_data::{EncodedPair, ScoredText};
use std::collections::HashMap;

/// Makes pairs of the sampled token ids, to avoid differences from tokenising the text again and from appending EOS.
pub(crate) fn training_pairs(
    texts: &[Sample],
    prompts: &[String],
    prompt_ids: &[Vec<i64>],
    pairing: &PairOptions,
) -> Result<(Vec<EncodedPair>, PairingReport)> {
    let prompt = |sample: &Sample| prompts.get(sample.prompt).map_or("", String::as_str);
    let scored: Vec<ScoredText> =
        texts.iter().map(|text| ScoredText::new(prompt(text), text.text.as_str(), text.reward)).collect();
    let (pairs, report) = pair(&scored, pairing)?;
    let by_text: HashMap<(&str, &str), &Sample> =
        texts.iter().map(|text| ((prompt(text), text.text.as_str()), text)).collect();
    let encoded = pairs.iter().enumerate().filter_map(|(row, pair)| {
        let of = |text: &str| by_text.get(&(pair.prompt.as_str(), text)).copied();
        let (chosen, rejected) = (of(&pair.chosen)?, of(&pair.rejected)?);
        let prompt_ids = prompt_ids.get(chosen.prompt)?.clone();
        let (chosen_ids, rejected_ids) = (chosen.ids.clone(), rejected.ids.clone());
        Some(EncodedPair { prompt_ids, chosen_ids, rejected_ids, row, ..EncodedPair::default() })
    });
    Ok((encoded.collect(), report))
}
