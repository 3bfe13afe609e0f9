//! Measures the generation and scoring of whole texts in the same way as `compare_transformers.py`, `compare_chat.py` and `gpu/compare.py`
//! measure transformers. Prints one JSON line with the seconds per text, without loading.
//!
//! `cargo bench --bench texts -- --model DIR [--messages FILE.jsonl] [--batch 32] [--beams 5] [--new-tokens 48] [--device cuda]
//! [--dtype bfloat16] [--sampling|--greedy]`; `--classify TEXTS.csv` or `--logps TEXTS.csv` scores texts instead.
#![allow(clippy::print_stdout)]

mod support;

use align_data::tables::Examples;
use align_data::{ConversationPrompt, Texts, Tokenizer, render_prompts};
use align_inference::{PromptCompletion, completion_logps};
use align_models::generation::{Generation, GenerationConfig, generate_completions};
use align_models::{AutoModelForCausalLm, AutoModelForSequenceClassification, CausalLm};
use align_torch::{DeviceChoice, MatmulPrecision};
use clap::Parser;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use support::{kind, peak_bytes, tiny_gpt2};
use tch::Device;

#[derive(Parser)]
struct Options {
    /// Folder of a model in transformers' layout [default: the tests' tiny GPT-2].
    #[arg(long)]
    model: Option<PathBuf>,
    /// Conversations to answer, with the model's chat template [default: one prompt of two tokens, as often as --batch says].
    #[arg(long)]
    messages: Option<PathBuf>,
    /// Number of texts in a batch.
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Number of beams.
    #[arg(long, default_value_t = 5)]
    beams: usize,
    /// Number of new tokens per text; none ends earlier.
    #[arg(long, default_value_t = 48)]
    new_tokens: usize,
    /// Where to compute: cpu, cuda, cuda:N or auto.
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// float32 or bfloat16.
    #[arg(long, default_value = "float32")]
    dtype: String,
    /// Sampling without beams, with transformers' defaults and one sequence per prompt.
    #[arg(long, conflicts_with = "greedy")]
    sampling: bool,
    /// Greedy search.
    #[arg(long)]
    greedy: bool,
    /// Instead of generating, score all texts of this table with the classifier in the model's folder.
    #[arg(long, requires = "model", conflicts_with = "logps")]
    classify: Option<PathBuf>,
    /// Instead of generating, compute the log-probabilities of the tokens of all texts of this table.
    #[arg(long)]
    logps: Option<PathBuf>,
    /// Number of timed runs, after one that is not timed.
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    /// Passed by cargo to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    align_torch::keep_freed_memory();
    let device = options.device.resolve().expect("a device");
    let _precision = MatmulPrecision::fastest_exact(device).set();
    let dir = options.model.clone().unwrap_or_else(tiny_gpt2);
    match (&options.classify, &options.logps) {
        (Some(texts), _) => classify(&options, &dir, texts, device),
        (_, Some(texts)) => logps(&options, &dir, texts, device),
        _ => generate(&options, &dir, device),
    }
}

impl Options {
    fn generation(&self) -> Generation {
        let count = Some(self.new_tokens);
        let base = GenerationConfig { min_new_tokens: count, max_new_tokens: count, ..GenerationConfig::default() };
        let config = match (self.greedy, self.sampling) {
            (true, _) => base,
            (_, true) => GenerationConfig { do_sample: true, ..base },
            _ => GenerationConfig {
                do_sample: true,
                num_beams: self.beams,
                no_repeat_ngram_size: 2,
                temperature: Some(4.0),
                ..base
            },
        };
        Generation::new(config).expect("options that fit")
    }

    fn prompts(&self, dir: &Path, model: &dyn CausalLm) -> Vec<Vec<i64>> {
        let Some(file) = &self.messages else {
            // "This movie" in GPT-2's vocabulary. In a smaller vocabulary the ids mean something else, which does not matter.
            return vec![[1212, 3807].map(|id| id % model.vocab_size()).to_vec(); self.batch];
        };
        let tokenizer = Tokenizer::from_pretrained(dir).expect("a tokeniser");
        let conversations = Examples::<ConversationPrompt>::read(file).expect("conversations").into_rows();
        let texts = render_prompts(&tokenizer, &conversations).expect("texts");
        tokenizer.encode_batch(&texts, false, None).expect("token ids")
    }

    /// The seconds per text of each run that is timed.
    fn seconds_per_text(&self, texts: usize, mut run: impl FnMut()) -> Vec<f64> {
        let time = |_| {
            let begin = Instant::now();
            run();
            begin.elapsed().as_secs_f64() / texts as f64
        };
        (0..=self.repeat).map(time).skip(1).collect()
    }
}

fn generate(options: &Options, dir: &Path, device: Device) {
    let plain = AutoModelForCausalLm::from_pretrained(dir, kind(&options.dtype), device).expect("a model");
    let (prompts, generation) = (options.prompts(dir, &plain), options.generation());
    // Packing counts as loading: a program that generates many texts does it once.
    let model = plain.packed().expect("memory").unwrap_or(plain);
    let mut answers = Vec::new();
    let seconds = options.seconds_per_text(prompts.len(), || {
        answers = generate_completions(&model, &prompts, &generation, options.batch).expect("texts");
    });
    let ids: Vec<_> = answers.iter().map(|answer| answer.ids_with_eos()).collect();
    println!("{}", json!({ "s_per_text": seconds, "ids": ids, "peak_gb": peak_bytes() / 1e9 }));
}

fn classify(options: &Options, dir: &Path, texts: &Path, device: Device) {
    let plain =
        AutoModelForSequenceClassification::from_pretrained(dir, kind(&options.dtype), device).expect("a classifier");
    let classifier = plain.packed().expect("memory").unwrap_or(plain);
    let tokenizer = Tokenizer::from_pretrained(dir).expect("a tokeniser");
    let table = Texts::read(texts).expect("a table of texts");
    let texts = table.texts();
    let seconds = options.seconds_per_text(texts.len(), || {
        let ids = tokenizer.encode_batch(&texts, true, Some(512)).expect("token ids");
        classifier.classify(&ids, options.batch, &mut |_| ()).expect("logits");
    });
    println!("{}", json!({ "s_per_text": seconds, "peak_gb": peak_bytes() / 1e9 }));
}

fn logps(options: &Options, dir: &Path, texts: &Path, device: Device) {
    let model = AutoModelForCausalLm::from_pretrained(dir, kind(&options.dtype), device).expect("a model");
    let tokenizer = Tokenizer::from_pretrained(dir).expect("a tokeniser");
    let table = Texts::read(texts).expect("a table of texts");
    let texts = table.texts();
    let mut tokens = 0;
    let mut mean = f64::NAN;
    let seconds = options.seconds_per_text(texts.len(), || {
        let ids = tokenizer.encode_batch(&texts, true, Some(512)).expect("token ids");
        let rows: Vec<_> = ids.iter().map(|ids| PromptCompletion { prompt_ids: &[], completion_ids: ids }).collect();
        let logps = completion_logps(&model, &rows, options.batch).expect("log-probabilities").concat();
        tokens = logps.len();
        mean = logps.iter().copied().map(f64::from).sum::<f64>() / tokens as f64;
    });
    println!(
        "{}",
        json!({ "s_per_text": seconds, "tokens": tokens, "mean_logp": mean, "peak_gb": peak_bytes() / 1e9 })
    );
}
