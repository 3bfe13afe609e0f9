//! Measures the generation of whole texts, in the same way as `compare_transformers.py` measures transformers. Prints one JSON line with the
//! seconds per text, without loading.
//!
//! `cargo bench --bench texts -- --model DIR [--batch 32] [--beams 5] [--length 50] [--dtype bfloat16] [--sampling|--greedy]`.
//! `python benches/compare_transformers.py DIR` runs it alternately with transformers and prints the table in
//! benches/README.md.
#![allow(clippy::print_stdout)]

use align_data::{Texts, Tokenizer};
use align_models::generation::{Generation, GenerationConfig, generate_completions};
use align_models::{CausalLm, DistilBert, Gpt2, SequenceClassifier};
use align_torch::MatmulPrecision;
use clap::Parser;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tch::{Device, Kind};

#[derive(Parser)]
struct Options {
    /// Folder of a GPT-2 in transformers' layout [default: the tests' tiny GPT-2].
    #[arg(long)]
    model: Option<PathBuf>,
    /// Number of prompts in a batch.
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Number of beams.
    #[arg(long, default_value_t = 5)]
    beams: usize,
    /// Number of tokens per text, including the two tokens of the prompt.
    #[arg(long, default_value_t = 50)]
    length: usize,
    /// float32 or bfloat16.
    #[arg(long, default_value = "float32")]
    dtype: String,
    /// Sampling without beams, with transformers' defaults and one sequence per prompt.
    #[arg(long, conflicts_with = "greedy")]
    sampling: bool,
    /// Greedy search.
    #[arg(long)]
    greedy: bool,
    /// Instead of generating, score all texts of this table with the DistilBERT in the model's folder.
    #[arg(long, requires = "model")]
    classify: Option<PathBuf>,
    /// Number of timed batches, after one that is not timed.
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    /// Passed by cargo to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    align_torch::keep_freed_memory();
    let _precision = MatmulPrecision::fastest_exact(Device::Cpu).set();
    if let (Some(texts), Some(model)) = (&options.classify, &options.model) {
        return classify(model, texts, options.repeat);
    }
    let tiny = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data/models/gpt2-tiny");
    let kind = if options.dtype == "bfloat16" { Kind::BFloat16 } else { Kind::Float };
    let model = Gpt2::from_pretrained(options.model.as_ref().unwrap_or(&tiny), kind, Device::Cpu).expect("a model");
    let (min_length, max_length) = (Some(options.length), Some(options.length));
    let base = GenerationConfig { min_length, max_length, ..GenerationConfig::default() };
    let config = match (options.greedy, options.sampling) {
        (true, _) => base,
        (_, true) => GenerationConfig { do_sample: true, ..base },
        _ => GenerationConfig {
            do_sample: true,
            num_beams: options.beams,
            no_repeat_ngram_size: 2,
            temperature: Some(4.0),
            ..base
        },
    };
    let generation = Generation::new(config).expect("options that fit");
    // "This movie" in GPT-2's vocabulary. In a smaller vocabulary the ids mean something else, which does not matter.
    let prompt = [1212, 3807].map(|id| id % model.vocab_size()).to_vec();
    let prompts = vec![prompt; options.batch];
    // Packing counts as loading: a program that generates many texts does it once.
    let packed = model.packed().expect("memory");
    let model: &dyn CausalLm = packed.as_deref().unwrap_or(&model);
    let times: Vec<f64> = (0..=options.repeat)
        .map(|_| {
            let begin = Instant::now();
            generate_completions(model, &prompts, &generation, options.batch).expect("texts");
            begin.elapsed().as_secs_f64() / options.batch as f64
        })
        .skip(1)
        .collect();
    println!("{{\"batch\": {}, \"s_per_text\": {times:?}}}", options.batch);
}

fn classify(model: &Path, texts: &Path, repeat: usize) {
    let plain = DistilBert::from_pretrained(model, Kind::Float, Device::Cpu).expect("a model");
    let classifier = plain.packed().expect("memory").unwrap_or(Box::new(plain));
    let tokenizer = Tokenizer::from_pretrained(model).expect("a tokeniser");
    let texts = Texts::read(texts).expect("a table of texts");
    let texts = texts.texts();
    let times: Vec<f64> = (0..=repeat)
        .map(|run| {
            let texts = if run == 0 { texts.get(..64).unwrap_or(&texts) } else { &texts };
            let begin = Instant::now();
            let ids = tokenizer.encode_batch(texts, true, Some(512)).expect("token ids");
            classifier.classify(&ids, 32, &mut |_| ()).expect("logits");
            begin.elapsed().as_secs_f64() / texts.len() as f64
        })
        .skip(1)
        .collect();
    println!("{{\"texts\": {}, \"s_per_text\": {times:?}}}", texts.len());
}
