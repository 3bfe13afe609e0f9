//! Measures the preference losses and the same formulas written with plain tensor operations, and the log-probabilities of the fused head in both
//! phases.
//!
//! `cargo bench --bench losses`, or one group of it: `cargo bench --bench losses -- linear_logps`. `python
//! benches/losses/pytorch.py` runs the losses beside PyTorch's and prints the table of benches/README.md.

mod plain;

use align_losses::{
    DpoLoss, DpoOptions, FDivergence, LinearLogps, LinearLogpsOptions, LossType, Pair, PairLogps, PairLoss,
};
use align_torch::MatmulPrecision;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::{hint::black_box, time::Duration};
use tch::{Device, Kind, Tensor};

/// All losses, cDPO, and the sigmoid loss with the other divergences.
fn options() -> Vec<(String, DpoOptions)> {
    let plain = LossType::ALL.into_iter().map(|loss_type| {
        let label_smoothing = if loss_type == LossType::ExoPair { 1e-3 } else { 0.0 };
        (loss_type.name().to_owned(), DpoOptions { loss_type, label_smoothing, ..DpoOptions::default() })
    });
    let smoothed = DpoOptions { label_smoothing: 0.1, ..DpoOptions::default() };
    let divergences = [
        FDivergence::ForwardKl,
        FDivergence::JsDivergence,
        FDivergence::AlphaDivergence { coefficient: 0.5 },
        FDivergence::ChiSquared,
    ];
    let divergences = divergences.map(|divergence| {
        (format!("sigmoid_{}", divergence.name()), DpoOptions { divergence, ..DpoOptions::default() })
    });
    plain.chain([("conservative_sigmoid".to_owned(), smoothed)]).chain(divergences).collect()
}

/// Losses and the gradient of their mean, for several numbers of pairs.
fn preference_losses(c: &mut Criterion) {
    // As in the program `align`: otherwise the memory of large tensors is returned to the system and requested again each time.
    align_torch::keep_freed_memory();
    for batch in [8i64, 1024, 65_536, 1_048_576] {
        let side = |mean: f64| Tensor::randn([batch], (Kind::Float, Device::Cpu)) * 5.0 - mean;
        let (policy, reference) = (Pair { chosen: 40.0, rejected: 60.0 }, Pair { chosen: 42.0, rejected: 59.0 });
        let (policy, reference) = (policy.map(side), reference.map(side));
        let tokens = policy.as_ref().map(|x| x.full_like(25.0));
        let mut group = c.benchmark_group("losses");
        group.throughput(Throughput::Elements(batch as u64));
        group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        for (name, options) in options() {
            let loss = DpoLoss::new(options).expect("options within their range");
            group.bench_function(BenchmarkId::new(format!("{name}/align"), batch), |b| {
                b.iter(|| {
                    let logps = PairLogps::new(&policy, &reference).and_then(|logps| logps.with_tokens(&tokens));
                    black_box(loss.evaluate_with_gradient(&logps.expect("shapes fit")).expect("shapes fit"))
                });
            });
            let DpoOptions { loss_type, label_smoothing, divergence, .. } = options;
            group.bench_function(BenchmarkId::new(format!("{name}/plain"), batch), |b| {
                b.iter(|| {
                    black_box(plain::gradient(loss_type, label_smoothing, divergence, &policy, &reference, &tokens))
                });
            });
        }
        group.finish();
    }
}

/// Rows a second; the arithmetic is 2 · rows · width · vocab forward, three times that backward (twice when logits are kept).
fn linear_logps(c: &mut Criterion) {
    let _precision = MatmulPrecision::Medium.set();
    let mut group = c.benchmark_group("linear_logps");
    group.sample_size(10);
    for (rows, width, vocab) in [(1024i64, 64i64, 1000i64), (256, 768, 50257)] {
        for kind in [Kind::Float, Kind::BFloat16] {
            let hidden = Tensor::randn([rows, width], (Kind::Float, Device::Cpu)).to_kind(kind);
            let weight = (Tensor::randn([vocab, width], (Kind::Float, Device::Cpu)) * 0.05).to_kind(kind);
            let targets = Tensor::arange(rows, (Kind::Int64, Device::Cpu)).remainder(vocab);
            let gradient = Tensor::full([rows], 0.1, (Kind::Float, Device::Cpu));
            let mut weight_gradient = weight.zeros_like();
            let recompute = LinearLogpsOptions { keep_logits_bytes: 0, ..Default::default() };
            let statistics = LinearLogpsOptions { statistics: true, ..recompute };
            let keep = LinearLogpsOptions { keep_logits_bytes: usize::MAX, ..recompute };
            let forward = |options: &LinearLogpsOptions| {
                LinearLogps::forward(&hidden, &weight, &targets, options).expect("shapes fit")
            };
            group.throughput(Throughput::Elements(rows as u64));
            let name = |stage: &str| BenchmarkId::new(format!("{stage}/{kind:?}"), format!("{rows}x{width}x{vocab}"));
            group.bench_function(name("forward"), |b| b.iter(|| black_box(forward(&recompute))));
            group.bench_function(name("forward_statistics"), |b| b.iter(|| black_box(forward(&statistics))));
            for (stage, options) in [("backward", recompute), ("backward_kept", keep)] {
                group.bench_function(name(stage), |b| {
                    b.iter_batched(
                        || forward(&options).0,
                        |linear| black_box(linear.backward(&gradient, &mut weight_gradient).expect("shapes fit")),
                        BatchSize::PerIteration,
                    );
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, preference_losses, linear_logps);
criterion_main!(benches);
