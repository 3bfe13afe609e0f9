//! The functions outside `PairLoss`.

use super::{all_pairs, assert_finite};
use align_losses::{
    AlphaPoOptions, KtoOptions, Pair, Result, alpha_po, apo_zero_unpaired, bco, cpo, kto, orpo_odds_ratio, simpo,
    slic_hf, slic_hf_regularised, tdpo1, tdpo2, wpo_weights,
};
use tch::{Kind, Tensor};

type Loss = fn(&Pair<Tensor>, &Pair<Tensor>) -> Result<Tensor>;

fn alpha(logps: &Pair<Tensor>, tokens: &Pair<Tensor>, alpha: f64) -> Result<Tensor> {
    alpha_po(logps, tokens, &AlphaPoOptions { beta: 2.0, gamma: 0.5, alpha, label_smoothing: 0.1 })
}

fn check(name: &str, loss: Loss, numbers: &[f32]) {
    let logps = all_pairs(numbers).map(|x| x.set_requires_grad(true));
    // Texts of no token, of one and of several.
    for count in [0, 1, 7] {
        let tokens = logps.as_ref().map(|x| x.detach().full_like(count).to_kind(Kind::Int64));
        let found = loss(&logps, &tokens).unwrap();
        assert_finite(name, &found.detach());
        found.mean(Kind::Float).backward();
        assert_finite(name, &logps.chosen.grad());
        assert_finite(name, &logps.rejected.grad());
    }
}

/// Log-probabilities from certain to impossible; what a policy gives is never above 0.
#[test]
fn losses_of_log_probabilities() {
    let losses: [(&str, Loss); 8] = [
        ("cpo", |logps, _| cpo(logps, 0.1, 0.1)),
        ("simpo", |logps, tokens| simpo(logps, tokens, 2.0, 0.5)),
        ("orpo_odds_ratio", orpo_odds_ratio),
        ("slic_hf", |logps, _| slic_hf(logps, 1.0)),
        ("slic_hf_regularised", |logps, _| slic_hf_regularised(logps, &logps.chosen, 1.0, 0.5)),
        ("alpha_po at 0.25", |logps, tokens| alpha(logps, tokens, 0.25)),
        ("alpha_po at 3", |logps, tokens| alpha(logps, tokens, 3.0)),
        ("alpha_po at -0.5", |logps, tokens| alpha(logps, tokens, -0.5)),
    ];
    for (name, loss) in losses {
        check(name, loss, &[0.0, -1e-30, -1e-8, -1.0, -50.0, -79.0, -81.0, -1e4, -1e20]);
    }
}

#[test]
fn losses_of_log_ratios() {
    let losses: [(&str, Loss); 5] = [
        ("kto", |h, _| {
            let desirable = h.chosen.gt(h.rejected.double_value(&[0]));
            kto(&(&h.chosen - &h.rejected), &desirable, &Tensor::from(0.5f32), &KtoOptions::default())
        }),
        ("bco", |h, _| bco(&(&h.chosen - &h.rejected), &h.chosen.gt(0.0), 0.1, 3.0)),
        ("apo_zero_unpaired", |h, _| apo_zero_unpaired(&(&h.chosen - &h.rejected), &h.chosen.gt(0.0), 0.1)),
        ("tdpo1", |h, _| tdpo1(h, &h.as_ref().map(|x| x.abs()), 0.1)),
        ("tdpo2", |h, _| tdpo2(h, &h.as_ref().map(|x| x.abs()), 0.1, 0.5)),
    ];
    for (name, loss) in losses {
        check(name, loss, &[0.0, 1.0, -1.0, 200.0, -200.0, 1e4, -1e4, 1e30, -1e30]);
    }
}

/// Unlikely texts weigh nothing, and no text's weight is infinite.
#[test]
fn weights_stay_finite() {
    let logps = all_pairs(&[0.0, -1.0, -1e4]);
    let tokens = logps.as_ref().map(|x| x.full_like(1).to_kind(Kind::Int64));
    let squares = logps.as_ref().map(|x| x.zeros_like());
    assert_finite("wpo_weights", &wpo_weights(&logps, &squares, &tokens).unwrap());
}
