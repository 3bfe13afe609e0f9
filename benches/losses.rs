//! The preference losses, and the fused head's log-probabilities in both phases.
//!
//! `cargo bench --bench losses`, or one group of it: `cargo bench --bench losses -- linear_logps`.

use align_losses::{DpoLoss, FDivergence, LinearLogps, LinearLogpsOptions, LossType, Pair};
use align_torch::MatmulPrecision;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tch::{Device, Kind, Tensor};

fn preference_losses(c: &mut Criterion) {
    let divergences = [
        ("reverse_kl", FDivergence::ReverseKl),
        ("forward_kl", FDivergence::ForwardKl),
        ("js_divergence", FDivergence::JsDivergence),
        ("alpha_divergence", FDivergence::AlphaDivergence { coefficient: 0.5 }),
    ];
    let mut losses: Vec<(&str, LossType, f64)> = LossType::ALL
        .iter()
        .map(|loss| (loss.name(), *loss, if *loss == LossType::ExoPair { 1e-3 } else { 0.0 }))
        .collect();
    losses.push(("conservative_sigmoid", LossType::Sigmoid, 0.1));
    let mut group = c.benchmark_group("loss_and_gradient");
    for batch in [8i64, 1024] {
        let side = |mean: f64| Tensor::randn([batch], (Kind::Float, Device::Cpu)) * 5.0 - mean;
        let (policy, reference) = (Pair { chosen: 40.0, rejected: 60.0 }, Pair { chosen: 42.0, rejected: 59.0 });
        let (policy, reference) = (policy.map(side), reference.map(side));
        let tokens = policy.as_ref().map(|x| x.full_like(25.0));
        group.throughput(Throughput::Elements(batch as u64));
        for &(link, loss_type, smoothing) in &losses {
            let divergences = if loss_type.takes_divergence() { &divergences[..] } else { &divergences[..1] };
            for &(divergence, f) in divergences {
                let loss = DpoLoss::new(loss_type, 0.1, smoothing, f).expect("options within their range");
                group.bench_function(BenchmarkId::new(format!("{link}/{divergence}"), batch), |b| {
                    b.iter(|| {
                        black_box(loss.evaluate_with_gradient(&policy, &reference, Some(&tokens)).expect("shapes fit"))
                    });
                });
            }
        }
    }
    group.finish();
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
