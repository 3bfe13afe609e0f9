use super::TOLERANCE;
use super::common::{Drawn, assert_near, values};
use super::formulas;
use align_losses::{BcoShift, apo_zero_unpaired, bco};
use tch::Tensor;

/// Log-ratios of single completions, and who liked them.
fn judged(drawn: &Drawn) -> (Vec<f64>, Vec<bool>) {
    (drawn.log_ratios().chosen, drawn.margins().iter().map(|margin| *margin > 0.0).collect())
}

/// Batch by batch, each with the mean of all rewards so far as its shift.
#[test]
fn bco_with_its_running_shift() {
    const BETA: f64 = 0.4;
    let mut shift = BcoShift::default();
    let mut seen: Vec<f64> = Vec::new();
    for (index, drawn) in Drawn::several("bco").enumerate() {
        let (log_ratios, desirable) = judged(&drawn);
        // Batches of different sizes, so that a mean of means would be another number.
        let size = log_ratios.len() - index;
        let (log_ratios, desirable) = (&log_ratios[..size], &desirable[..size]);
        let rewards: Vec<f64> = log_ratios.iter().map(|h| BETA * h).collect();
        seen.extend(&rewards);
        shift.update(&Tensor::from_slice(&rewards)).unwrap();
        let delta = seen.iter().sum::<f64>() / seen.len() as f64;
        assert_near("delta", &[shift.delta()], &[delta], TOLERANCE);
        let expected: Vec<f64> = rewards.iter().zip(desirable).map(|(r, d)| formulas::bco(*r, *d, delta)).collect();
        let found = bco(&Tensor::from_slice(log_ratios), &Tensor::from_slice(desirable), BETA, shift.delta()).unwrap();
        assert_near("bco", &values(&found), &expected, TOLERANCE);
    }
    // No reward changes nothing, and a checkpoint goes on where it stood.
    let before = shift;
    shift.update(&Tensor::from_slice(&[0f64; 0])).unwrap();
    assert_eq!(shift, before);
    let mut resumed: BcoShift = serde_json::from_str(&serde_json::to_string(&shift).unwrap()).unwrap();
    for shift in [&mut shift, &mut resumed] {
        shift.update(&Tensor::from_slice(&[7.0f64, -2.5])).unwrap();
    }
    assert_eq!(shift, resumed);
}

#[test]
fn apo_zero_of_single_completions() {
    for drawn in Drawn::several("apo-zero") {
        let (log_ratios, desirable) = judged(&drawn);
        let expected: Vec<f64> =
            log_ratios.iter().zip(&desirable).map(|(h, d)| formulas::apo_zero(*h, *d, 0.4)).collect();
        let found = apo_zero_unpaired(&Tensor::from_slice(&log_ratios), &Tensor::from_slice(&desirable), 0.4).unwrap();
        assert_near("apo_zero_unpaired", &values(&found), &expected, TOLERANCE);
    }
}
