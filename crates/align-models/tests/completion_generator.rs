//! Batch-wise generation gives the same completions as generation of all prompts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::generation::{
    Completion, CompletionGenerator, Generation, GenerationConfig, generate_completions, stream,
};
use align_models::{AutoModelForCausalLm, CausalLm, Gpt2};
use std::path::Path;
use tch::{Device, Kind};

fn tiny() -> Gpt2 {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny");
    Gpt2::from_pretrained(&dir, Kind::Float, Device::Cpu).unwrap()
}

/// Prompts of zero to three tokens.
fn prompts(count: i64) -> Vec<Vec<i64>> {
    (0..count).map(|i| (0..i % 4).map(|j| 300 + (i / 4 + j) % 7).collect()).collect()
}

fn generation(config: GenerationConfig) -> Generation {
    Generation::new(GenerationConfig { max_new_tokens: Some(config.max_new_tokens.unwrap_or(8)), ..config }).unwrap()
}

fn sampling() -> GenerationConfig {
    GenerationConfig { do_sample: true, temperature: Some(1.5), top_p: Some(0.9), seed: 5, ..Default::default() }
}

fn beams() -> GenerationConfig {
    GenerationConfig { num_beams: 3, num_return_sequences: 2, ..sampling() }
}

#[test]
fn a_resumed_job_generates_the_same_completions() {
    let (model, prompts) = (tiny(), prompts(41));
    for config in [sampling(), GenerationConfig { num_return_sequences: 3, ..sampling() }, beams()] {
        let generation = generation(config);
        let whole = generate_completions(&model, &prompts, &generation, 4).unwrap();
        // The first part is dropped after two batches and one text of the third.
        let mut first = CompletionGenerator::new(&model, &prompts, &generation, Some(4)).unwrap();
        assert_eq!(first.remaining(), 41);
        let mut found: Vec<Completion> = first.by_ref().take(3).flat_map(Result::unwrap).collect();
        let each = generation.config().num_return_sequences;
        // Beams of prompts of another length are not in the third batch.
        let done = if generation.config().num_beams > 1 { 10 } else { 12 };
        assert_eq!((found.len(), first.remaining()), (done * each, 41 - done));
        found.truncate(9 * each);
        let done: Vec<usize> = found.iter().map(|completion| completion.prompt).collect();
        let rest = |batch_size| {
            let rest = CompletionGenerator::new(&model, &prompts, &generation, batch_size).unwrap();
            let rest = rest.only(|place| !done.contains(&place));
            assert_eq!(rest.remaining(), 32);
            let mut all: Vec<Completion> = found.iter().cloned().chain(rest.flat_map(Result::unwrap)).collect();
            all.sort_by_key(|completion| completion.prompt);
            all
        };
        assert_eq!(rest(Some(4)), whole, "{:?}", generation.config());
        let ids = |all: &[Completion]| all.iter().map(|c| (c.prompt, c.ids.clone(), c.finished)).collect::<Vec<_>>();
        assert_eq!(ids(&rest(None)), ids(&whole), "{:?}", generation.config());
    }
}

/// The log-probabilities are bit-identical on every kind of processor, because a sampled token may depend on a single bit.
#[test]
fn completions_do_not_depend_on_the_batch() {
    let model = tiny().packed().unwrap().unwrap();
    let prompts = prompts(13);
    for config in [sampling(), GenerationConfig { num_return_sequences: 3, ..sampling() }, beams()] {
        let generation = generation(GenerationConfig { output_scores: true, ..config });
        let whole = generate_completions(model.as_ref(), &prompts, &generation, 13).unwrap();
        for batch_size in [1, 5] {
            let parts = generate_completions(model.as_ref(), &prompts, &generation, batch_size).unwrap();
            assert_eq!(parts, whole, "{batch_size} prompts at a time, {:?}", generation.config());
        }
    }
}

/// Windows, caps of the scores, and queries that share keys, with prompts shorter and longer than the window of 16.
#[test]
fn completions_of_each_family_do_not_depend_on_the_batch() {
    let prompts: Vec<Vec<i64>> =
        (0..14).map(|i| (0..1 + i * 5 % 29).map(|j| 300 + (3 * i + j) % 90).collect()).collect();
    for family in ["llama-tiny", "mistral-tiny", "qwen3-tiny", "gemma2-tiny", "gemma3-tiny"] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models").join(family);
        for kind in [Kind::Float, Kind::BFloat16] {
            let model = AutoModelForCausalLm::from_pretrained(&dir, kind, Device::Cpu).unwrap();
            // Not all processors have bfloat16 products.
            let Some(model) = model.packed().unwrap() else {
                assert!(kind == Kind::BFloat16, "{family} cannot be packed");
                continue;
            };
            let config = GenerationConfig { eos_token_id: Some(vec![]), output_scores: true, ..sampling() };
            let generation = generation(GenerationConfig { max_new_tokens: Some(12), ..config });
            let whole = generate_completions(model.as_ref(), &prompts, &generation, 14).unwrap();
            for batch_size in [1, 5] {
                let parts = generate_completions(model.as_ref(), &prompts, &generation, batch_size).unwrap();
                assert_eq!(parts, whole, "{family} in {kind:?}, {batch_size} prompts at a time");
            }
        }
    }
}

#[test]
fn all_prompts_are_checked_before_the_first_is_processed() {
    let (model, generation) = (tiny(), generation(sampling()));
    let refusal = |last: Vec<i64>| {
        let prompts = [vec![300], vec![301], last];
        CompletionGenerator::new(&model, &prompts, &generation, None).err().unwrap().to_string()
    };
    assert!(refusal(vec![1 << 40]).contains("prompt 2"));
    assert!(refusal(vec![300; 125]).contains("max_position_embeddings"));
    let none = CompletionGenerator::new(&model, &[], &generation, Some(0)).err().unwrap().to_string();
    assert!(none.contains("batch_size"), "{none}");
}

#[test]
fn a_stream_equals_the_completion_of_the_first_prompt() {
    let model = tiny();
    let eos = GenerationConfig { eos_token_id: Some((0..400).collect()), ..sampling() };
    let ngrams = GenerationConfig { no_repeat_ngram_size: 2, repetition_penalty: 1.2, ..Default::default() };
    let mut ended = 0;
    for config in [GenerationConfig::default(), ngrams, sampling(), eos] {
        for seed in 0..6 {
            let generation = generation(GenerationConfig { seed, ..config.clone() });
            for prompt in [vec![], vec![300], (300..320).collect()] {
                // Other prompts in the batch do not change it.
                let prompts = [prompt.clone(), prompt.clone(), vec![310]];
                let whole = generate_completions(&model, &prompts, &generation, 8).unwrap();
                let mut tokens = stream(&model, &prompt, &generation).unwrap();
                let ids: Vec<i64> = tokens.by_ref().map(Result::unwrap).collect();
                assert_eq!(ids, whole[0].ids, "{prompt:?} {:?}", generation.config());
                assert_eq!(tokens.finished(), whole[0].finished);
                assert!(tokens.next().is_none(), "a stream that has ended goes on");
                ended += usize::from(tokens.finished());
            }
        }
    }
    assert!(ended > 0, "no text met an EOS");
}

#[test]
fn options_that_cannot_be_streamed_are_rejected() {
    let model = tiny();
    let refusal = |prompt: &[i64], config| stream(&model, prompt, &generation(config)).err().unwrap().to_string();
    for (config, option) in
        [(beams(), "num_beams"), (GenerationConfig { num_return_sequences: 2, ..sampling() }, "num_return_sequences")]
    {
        let message = refusal(&[300], config);
        assert!(message.contains(option) && message.contains("stream"), "{message}");
    }
    assert!(refusal(&[model.vocab_size()], sampling()).contains("tokeniser"));
    assert!(refusal(&[300; 125], sampling()).contains("max_position_embeddings"));
}
