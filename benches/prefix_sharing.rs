//! Measures a batch's loss and gradient alternately with prompts computed once per pair (shared) and twice (padded). Prints rows of the table in
//! benches/README.md.
//!
//! `cargo bench --bench prefix_sharing -- --model DIR [--dtype bfloat16] [--prompts 5,512] [--completions 64,150] [--rounds 3]`.
#![allow(clippy::print_stdout)]

use align_data::EncodedPair;
use align_models::{CausalLm, Gpt2, TrainableModel};
use align_torch::MatmulPrecision;
use align_train::objective::{Batch, Dpo, Split};
use align_train::{DpoConfig, Objective, PrefixSharing, ProcessGroup};
use clap::Parser;
use std::path::PathBuf;
use std::time::Instant;
use tch::{Device, Kind};

#[derive(Parser)]
struct Options {
    /// Folder of a GPT-2 in transformers' layout [default: the tests' tiny GPT-2].
    #[arg(long)]
    model: Option<PathBuf>,
    /// float32 or bfloat16.
    #[arg(long, default_value = "float32")]
    dtype: String,
    /// Numbers of tokens in the prompts.
    #[arg(long, value_delimiter = ',', default_values_t = [5, 32, 64, 128, 256, 512])]
    prompts: Vec<usize>,
    /// Numbers of tokens in the completions.
    #[arg(long, value_delimiter = ',', default_values_t = [64, 150])]
    completions: Vec<usize>,
    /// Pairs per batch.
    #[arg(long, default_value_t = 4)]
    pairs: usize,
    /// Number of timed runs of each variant, after one that is not timed.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Passed by cargo to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    align_torch::keep_freed_memory();
    let _precision = MatmulPrecision::fastest_exact(Device::Cpu).set();
    let kind = if options.dtype == "bfloat16" { Kind::BFloat16 } else { Kind::Float };
    let tiny = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data/models/gpt2-tiny");
    let dir = options.model.unwrap_or(tiny);
    let mut ways = [PrefixSharing::Off, PrefixSharing::On].map(|prefix_sharing| {
        let model = Gpt2::from_pretrained(&dir, kind, Device::Cpu).expect("a model");
        let config = DpoConfig { prefix_sharing, ..DpoConfig::default() };
        let objective = Dpo::new(model, None, config).expect("an objective");
        for (_, weight) in TrainableModel::parameters(objective.policy()).iter() {
            let weight = weight.set_requires_grad(true);
            (&weight * 0.0).sum(weight.kind()).backward();
        }
        objective
    });
    let vocab = CausalLm::vocab_size(ways[0].policy());
    for &completion in &options.completions {
        for &prompt in &options.prompts {
            let pairs = pairs(options.pairs, prompt, completion, vocab);
            // The first run computes and caches the reference's log-probabilities.
            for way in &mut ways {
                way.prepare(Split::Train, &pairs, &ProcessGroup::single()).expect("rows that the model takes");
                seconds(way, &pairs);
            }
            let times: Vec<[f64; 2]> =
                (0..options.rounds).map(|_| ways.each_mut().map(|way| seconds(way, &pairs))).collect();
            let (_, padded, _) = spread(times.iter().map(|[padded, _]| *padded));
            let (_, shared, _) = spread(times.iter().map(|[_, shared]| *shared));
            let (least, ratio, most) = spread(times.iter().map(|[padded, shared]| padded / shared));
            let dtype = &options.dtype;
            println!(
                "| {dtype} | {completion} | {prompt} | {padded:.2} | {shared:.2} | {ratio:.2} ({least:.2} to {most:.2}) |"
            );
        }
    }
}

/// Pairs of pseudo-random tokens, whose two completions have the same length.
fn pairs(count: usize, prompt: usize, completion: usize, vocab: i64) -> Vec<EncodedPair> {
    let mut state = 1u64;
    let mut ids = |length: usize| {
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as i64 % vocab
        };
        std::iter::repeat_with(next).take(length).collect::<Vec<i64>>()
    };
    (0..count)
        .map(|row| EncodedPair {
            prompt_ids: ids(prompt),
            chosen_ids: ids(completion),
            rejected_ids: ids(completion),
            row,
            ..EncodedPair::default()
        })
        .collect()
}

/// The seconds for loss and gradient of a batch.
fn seconds(objective: &mut Dpo, pairs: &[EncodedPair]) -> f64 {
    let indices: Vec<usize> = (0..pairs.len()).collect();
    let begin = Instant::now();
    objective
        .compute_loss(&Batch::new(Split::Train, pairs, &indices, &ProcessGroup::single()), Some(1.0))
        .expect("a batch");
    begin.elapsed().as_secs_f64()
}

/// The minimum, the median and the maximum.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    (all[0], all[all.len() / 2], all[all.len() - 1])
}
