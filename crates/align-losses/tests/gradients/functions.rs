//! The functions outside `PairLoss`, through LibTorch's graph.

use super::assert_slope;
use super::common::{Drawn, ROWS, differences, values};
use align_losses::{
    AlphaPoOptions, KtoOptions, Pair, Result, alpha_po, apo_zero_unpaired, bco, cpo, kto, orpo_odds_ratio, simpo,
    slic_hf, slic_hf_regularised, tdpo1, tdpo2, token_forward_kl,
};
use tch::{Kind, Tensor};

type Columns = [Vec<f64>];

/// The graph's gradient by the first `differentiable` inputs is that of differences; the others must have none.
fn check(name: &str, inputs: &Columns, differentiable: &[usize], loss: &dyn Fn(&[Tensor]) -> Result<Tensor>) {
    let leaves: Vec<Tensor> = inputs.iter().map(|x| Tensor::from_slice(x).set_requires_grad(true)).collect();
    loss(&leaves).unwrap().mean(Kind::Double).backward();
    let numbers = |inputs: &Columns| {
        let inputs: Vec<Tensor> = inputs.iter().map(|x| Tensor::from_slice(x)).collect();
        values(&loss(&inputs).unwrap())
    };
    for (input, row, slope) in differences(inputs, numbers) {
        let gradient = leaves[input].grad();
        let found = if gradient.defined() { gradient.double_value(&[row as i64]) } else { 0.0 };
        let what = format!("{name}, input {input}, row {row}");
        if differentiable.contains(&input) {
            assert_slope(&what, found, slope.unwrap_or_else(|| panic!("{what}: a kink")));
        } else {
            assert_eq!(found, 0.0, "{what}: its gradient is documented to be stopped");
        }
    }
}

fn sides(x: &[Tensor]) -> Pair<Tensor> {
    Pair { chosen: x[0].shallow_clone(), rejected: x[1].shallow_clone() }
}

#[test]
fn losses_without_a_reference() {
    for drawn in Drawn::several("reference-free") {
        let tokens = super::common::tensors(&drawn.tokens);
        let logps = [drawn.policy.chosen.clone(), drawn.policy.rejected.clone()];
        let of_logps = |name, loss: &dyn Fn(&Pair<Tensor>) -> Result<Tensor>| {
            check(name, &logps, &[0, 1], &|x| loss(&sides(x)));
        };
        of_logps("cpo", &|logps| cpo(logps, 0.1, 0.0));
        of_logps("cpo, smooth", &|logps| cpo(logps, 0.1, 0.2));
        of_logps("simpo", &|logps| simpo(logps, &tokens, 2.0, 0.5));
        of_logps("orpo_odds_ratio", &|logps| orpo_odds_ratio(logps, &tokens));
        of_logps("slic_hf", &|logps| slic_hf(logps, 10.0));
        for (alpha, label_smoothing) in [(0.0, 0.0), (0.25, 0.0), (-0.25, 0.1), (1.0, 0.2)] {
            let options = AlphaPoOptions { beta: 2.0, gamma: 0.5, alpha, label_smoothing };
            of_logps("alpha_po", &|logps| alpha_po(logps, &tokens, &options));
        }
        let targets = drawn.reference.chosen.clone();
        let inputs = [logps[0].clone(), logps[1].clone(), targets];
        let regularised = |x: &[Tensor]| slic_hf_regularised(&sides(x), &x[2], 10.0, 0.3);
        check("slic_hf_regularised", &inputs, &[0, 1, 2], &regularised);
    }
}

#[test]
fn losses_of_single_completions() {
    for drawn in Drawn::several("single") {
        let log_ratio = [drawn.log_ratios().chosen];
        let desirable = Tensor::from_slice(&drawn.margins().iter().map(|m| *m > 0.0).collect::<Vec<_>>());
        let options = KtoOptions { beta: 0.4, desirable_weight: 1.5, undesirable_weight: 0.7 };
        let kl = Tensor::from(0.6f64);
        check("kto", &log_ratio, &[0], &|x| kto(&x[0], &desirable, &kl, &options));
        check("bco", &log_ratio, &[0], &|x| bco(&x[0], &desirable, 0.4, 0.7));
        check("apo_zero_unpaired", &log_ratio, &[0], &|x| apo_zero_unpaired(&x[0], &desirable, 0.4));
    }
}

/// KTO's reference point and TDPO₂'s chosen divergence are constants to the gradient though the loss moves with them.
#[test]
fn token_level_losses_and_their_stopped_gradients() {
    for drawn in Drawn::several("token level") {
        let Pair { chosen, rejected } = drawn.log_ratios();
        let kl = |column: &[f64]| column.iter().map(|x| x.abs()).collect::<Vec<_>>();
        let inputs = [chosen, rejected, kl(&drawn.policy.chosen), kl(&drawn.policy.rejected)];
        let kl = |x: &[Tensor]| sides(&x[2..]);
        check("tdpo1", &inputs, &[0, 1, 2, 3], &|x| tdpo1(&sides(x), &kl(x), 0.3));
        check("tdpo2", &inputs, &[0, 1, 3], &|x| tdpo2(&sides(x), &kl(x), 0.3, 0.5));
    }
    let desirable = Tensor::from_slice(&[true, false]);
    let kl = Tensor::from(0.5f64).set_requires_grad(true);
    let log_ratio = Tensor::from_slice(&[1.0f64, -1.0]).set_requires_grad(true);
    kto(&log_ratio, &desirable, &kl, &KtoOptions::default()).unwrap().sum(Kind::Double).backward();
    assert!(!kl.grad().defined());
}

#[test]
fn the_token_kl_by_the_policys_logits_alone() {
    let drawn = Drawn::new("token kl", 0);
    let inputs = [drawn.policy.chosen, drawn.policy.rejected].map(|x| x.iter().map(|x| x / 20.0).collect());
    // Two texts of one token each, out of three.
    let logits = |x: &Tensor| x.view([2, 1, (ROWS / 2) as i64]);
    let mask = Tensor::from_slice2(&[[true], [true]]);
    check("token_forward_kl", &inputs, &[0], &|x| token_forward_kl(&logits(&x[0]), &logits(&x[1]), &mask));
}
