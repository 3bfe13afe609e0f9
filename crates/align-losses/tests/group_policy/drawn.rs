//! Drawn batches of completions, and every kind of loss.

use super::plain::Completion;
use align_losses::{GrpoLossType, GrpoOptions, ImportanceSamplingLevel, PolicyTokens};
use rand::RngExt;
use tch::Tensor;

/// Completions of 1 to 9 tokens, of which the shortest has no advantage. Every ratio is near the ends of the clip in some batch.
pub fn completions(index: u64) -> Vec<Completion> {
    let mut rng = align_base::random::generator(20_261_129, "group policy", index);
    let mut of_length = |tokens: usize, counts: bool| {
        let mut column = |low: f64, high: f64| (0..tokens).map(|_| rng.random_range(low..high)).collect::<Vec<f64>>();
        let (logps, moved, away) = (column(-4.0, -0.01), column(-0.5, 0.5), column(-1.0, 1.0));
        let plus = |moves: &[f64]| logps.iter().zip(moves).map(|(x, y)| x + y).collect();
        let (old, reference) = (plus(&moved), plus(&away));
        let advantage = if tokens == 1 { 0.0 } else { column(-2.0, 2.0).first().copied().unwrap_or(0.0) };
        Completion { logps, old, reference, advantage, counts }
    };
    [(9, true), (1, true), (4, true), (6, false), (2, true), (7, true)].map(|(n, counts)| of_length(n, counts)).into()
}

/// Batches that differ.
pub fn batches() -> impl Iterator<Item = Vec<Completion>> {
    (0..4).map(completions)
}

/// A table of one of the columns, with numbers in the padding that must not count.
pub fn table(completions: &[Completion], column: impl Fn(&Completion) -> &[f64]) -> Tensor {
    let width = completions.iter().map(|c| c.logps.len()).max().unwrap();
    let rows = completions.iter().map(|c| {
        let mut row = column(c).to_vec();
        row.resize(width, if row.len().is_multiple_of(2) { f64::NEG_INFINITY } else { 77.0 });
        row
    });
    Tensor::from_slice2(&rows.collect::<Vec<_>>())
}

pub fn tokens(completions: &[Completion], logps: &Tensor) -> PolicyTokens {
    let ones: Vec<Vec<f64>> = completions.iter().map(|c| vec![f64::from(u8::from(c.counts)); c.logps.len()]).collect();
    let width = ones.iter().map(Vec::len).max().unwrap();
    let padded = ones.into_iter().map(|mut row| {
        row.resize(width, 0.0);
        row
    });
    let mask = Tensor::from_slice2(&padded.collect::<Vec<_>>());
    let advantages: Vec<f64> = completions.iter().map(|c| c.advantage).collect();
    let tokens = PolicyTokens::new(logps, &mask, &Tensor::from_slice(&advantages)).unwrap();
    let tokens = tokens.with_old_logps(&table(completions, |c| &c.old)).unwrap();
    tokens.with_reference_logps(&table(completions, |c| &c.reference)).unwrap()
}

/// Every loss type with every option that it takes.
pub fn options() -> Vec<GrpoOptions> {
    let mut all = Vec::new();
    for loss_type in GrpoLossType::ALL {
        let base = GrpoOptions {
            loss_type,
            max_completion_length: (loss_type == GrpoLossType::DrGrpo).then_some(11),
            epsilon_high: (loss_type == GrpoLossType::Cispo).then_some(1.1),
            importance_sampling_level: match loss_type {
                GrpoLossType::Luspo => ImportanceSamplingLevel::Sequence,
                _ => ImportanceSamplingLevel::Token,
            },
            ..GrpoOptions::default()
        };
        let mut variants = vec![base];
        if loss_type.clips() {
            variants.push(GrpoOptions { epsilon_high: Some(0.28), ..base });
            variants.push(GrpoOptions { epsilon: 0.1, delta: Some(1.25), ..base });
        }
        if loss_type == GrpoLossType::Sapo {
            variants.push(GrpoOptions { sapo_temperature_pos: 0.6, sapo_temperature_neg: 1.9, ..base });
        }
        if loss_type == GrpoLossType::Vespo {
            variants.push(GrpoOptions { vespo_k_pos: 1.0, vespo_lambda_neg: 1.2, ..base });
        }
        for variant in variants {
            let sequence = GrpoOptions { importance_sampling_level: ImportanceSamplingLevel::Sequence, ..variant };
            all.push(variant);
            all.push(GrpoOptions { off_policy_mask_threshold: Some(0.05), ..variant });
            all.push(GrpoOptions { beta: 0.07, use_bias_correction_kl: false, ..variant });
            all.push(GrpoOptions { beta: 0.3, ..variant });
            all.push(GrpoOptions { beta: 0.3, off_policy_mask_threshold: Some(0.05), ..sequence });
            if loss_type != GrpoLossType::Vespo {
                all.push(sequence);
            }
        }
    }
    all
}
