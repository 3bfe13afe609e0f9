use super::{Options, Result};
use align::data::pairing::{PairOptions, PairStrategy, pair};
use align::data::{EncodeOptions, EncodedPair, NOTEBOOK_PROMPTS, ScoredText, Tokenizer, encode_pairs};
use align::inference::{RewardModel, generate_texts};
use align::models::generation::{Generation, GenerationConfig};
use align::models::{CausalLm, Gpt2};

/// Tokenised preference pairs of the model's own texts, except those of held-out prompts.
pub fn encoded_pairs(
    options: &Options,
    sft: &Gpt2,
    tokenizer: &Tokenizer,
    reward_model: &RewardModel,
) -> Result<Vec<EncodedPair>> {
    let (sampling, per_prompt) = (Generation::new(generation(options.seed))?, options.texts_per_prompt);
    let texts = generate_texts(sft, tokenizer, &NOTEBOOK_PROMPTS, per_prompt, &sampling, Some(32))?;
    let scores = reward_model.scores(&texts.iter().map(|text| text.text.as_str()).collect::<Vec<_>>())?;
    let trained_on = texts.into_iter().zip(scores).filter(|(text, _)| !is_held_out(text.prompt));
    let scored = trained_on.map(|(text, score)| ScoredText::new(NOTEBOOK_PROMPTS[text.prompt], text.text, score));
    let pairing =
        PairOptions { strategy: PairStrategy::Random, pairs_per_prompt: Some(per_prompt), seed: options.seed };
    let (pairs, report) = pair(&scored.collect::<Vec<_>>(), &pairing)?;
    println!("{report}");
    let encoding =
        EncodeOptions { max_length: Some(sft.max_position_embeddings() as usize), ..EncodeOptions::default() };
    Ok(encode_pairs(tokenizer, &pairs, &encoding)?.pairs)
}

/// Every fifth prompt is held out for the comparison.
pub fn is_held_out(prompt: usize) -> bool {
    prompt % 5 == 4
}

/// The generation options: all texts have 50 tokens.
pub fn generation(seed: u64) -> GenerationConfig {
    GenerationConfig {
        do_sample: true,
        num_beams: 5,
        no_repeat_ngram_size: 2,
        temperature: Some(4.0),
        top_k: Some(50),
        min_length: Some(50),
        max_length: Some(50),
        seed,
        ..GenerationConfig::default()
    }
}
