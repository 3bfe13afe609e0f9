use super::TOLERANCE;
use super::common::{Drawn, assert_near, tensors, values};
use super::formulas;
use align_losses::{AlphaPoOptions, Pair, alpha_po, slic_hf_regularised};

fn rewards(drawn: &Drawn, beta: f64, alpha: f64) -> Pair<Vec<f64>> {
    let reward = |(logp, tokens): (&f64, &f64)| formulas::alpha_reward(*logp, *tokens, beta, alpha);
    drawn
        .policy
        .as_ref()
        .zip(drawn.tokens.as_ref())
        .map(|(logps, tokens)| logps.iter().zip(tokens).map(reward).collect())
}

#[test]
fn alpha_po_is_its_papers() {
    for drawn in Drawn::several("alpha-po") {
        let (logps, tokens) = (tensors(&drawn.policy), tensors(&drawn.tokens));
        for (alpha, label_smoothing) in [(0.1, 0.0), (0.25, 0.2), (-0.5, 0.0)] {
            let options = AlphaPoOptions { beta: 2.5, gamma: 0.4, alpha, label_smoothing };
            let expected = rewards(&drawn, 2.5, alpha);
            let found = options.rewards(&logps, &tokens).unwrap();
            assert_near("chosen reward", &values(&found.chosen), &expected.chosen, 1e-10);
            assert_near("rejected reward", &values(&found.rejected), &expected.rejected, 1e-10);
            let loss = |(chosen, rejected): (&f64, &f64)| {
                let x = chosen - rejected - 0.4;
                // Twice the logistic loss: of the label as it is, and as it would be if it were wrong.
                (1.0 - label_smoothing) * (-x).exp().ln_1p() + label_smoothing * x.exp().ln_1p()
            };
            let losses: Vec<f64> = expected.chosen.iter().zip(&expected.rejected).map(loss).collect();
            assert_near("alpha_po", &values(&alpha_po(&logps, &tokens, &options).unwrap()), &losses, 1e-10);
        }
    }
}

/// Beyond the clamp a reward is `β (1 - exp(80)) / α`, and has no gradient.
#[test]
fn alpha_pos_exponent_is_clamped() {
    let logps = super::common::one(-400.0, -1.0).map(|x| x.set_requires_grad(true));
    let options = AlphaPoOptions { beta: 2.0, gamma: 0.0, alpha: 0.25, label_smoothing: 0.0 };
    let found = options.rewards(&logps, &super::common::one(1.0, 1.0)).unwrap();
    assert_near("reward", &values(&found.chosen.detach()), &[2.0 * (1.0 - 80f64.exp()) / 0.25], 1e-15);
    found.chosen.sum(tch::Kind::Double).backward();
    assert_eq!(logps.chosen.grad().double_value(&[0]), 0.0);
}

#[test]
fn slic_hf_with_its_regulariser() {
    for drawn in Drawn::several("slic") {
        for (delta, lambda) in [(1.0, 0.0), (10.0, 0.3)] {
            let logps = tensors(&drawn.policy);
            let found = slic_hf_regularised(&logps, &tensors(&drawn.reference).rejected, delta, lambda).unwrap();
            let sides = drawn.policy.chosen.iter().zip(&drawn.policy.rejected).zip(&drawn.reference.rejected);
            let plain = |((chosen, rejected), target): ((&f64, &f64), &f64)| {
                f64::max(0.0, delta - chosen + rejected) - lambda * target
            };
            assert_near("slic_hf", &values(&found), &sides.map(plain).collect::<Vec<_>>(), TOLERANCE);
        }
    }
}
