//! What the losses outside [`align_losses::DpoLoss`] refuse, where they end, and what they are in the limit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_losses::{KtoOptions, Pair, cpo, kto, kto_kl, orpo_odds_ratio, sigmoid, simpo, slic_hf};
use tch::{Kind, Tensor};

fn pair(chosen: &[f32], rejected: &[f32]) -> Pair<Tensor> {
    Pair { chosen: Tensor::from_slice(chosen), rejected: Tensor::from_slice(rejected) }
}

fn tokens(count: i64, rows: usize) -> Pair<Tensor> {
    let side = || Tensor::from_slice(&vec![count; rows]);
    Pair { chosen: side(), rejected: side() }
}

fn values(x: &Tensor) -> Vec<f64> {
    Vec::try_from(x.to_kind(Kind::Double)).unwrap()
}

fn finite(what: &str, x: &Tensor) {
    assert!(values(x).iter().all(|x| x.is_finite()), "{what}: {:?}", values(x));
}

#[test]
fn options_outside_their_range_are_refused_by_name() {
    let (logps, count) = (pair(&[-1.0], &[-2.0]), tokens(3, 1));
    let says = |result: align_losses::Result<Tensor>, name: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    };
    says(cpo(&logps, 0.0, 0.0), "beta");
    says(cpo(&logps, 0.1, 0.5), "label_smoothing");
    says(simpo(&logps, &count, f64::NAN, 0.5), "beta");
    says(simpo(&logps, &count, 2.0, -0.5), "gamma");
    says(slic_hf(&logps, f64::INFINITY), "delta");
    says(slic_hf(&pair(&[-1.0], &[-1.0, -2.0]), 1.0), "logps.rejected");
    says(orpo_odds_ratio(&logps, &tokens(3, 2)), "tokens.chosen");
    let (h, desirable, kl) = (Tensor::from_slice(&[1.0f32]), Tensor::from_slice(&[true]), Tensor::from(0.0f32));
    let weights = |desirable_weight, undesirable_weight| KtoOptions {
        desirable_weight,
        undesirable_weight,
        ..KtoOptions::default()
    };
    says(kto(&h, &desirable, &kl, &weights(0.0, 1.0)), "desirable_weight");
    says(kto(&h, &desirable, &kl, &weights(1.0, f64::NAN)), "undesirable_weight");
    says(kto(&h, &h, &kl, &KtoOptions::default()), "desirable");
    says(kto(&h, &desirable, &h, &KtoOptions::default()), "kl");
    says(kto_kl(&Tensor::from_slice(&[1i64])), "mismatched");
}

#[test]
fn extremes_are_finite_with_finite_gradients() {
    let many = [0.0f32, -1e-30, -1e-8, -1.0, -50.0, -1e4, -1e20];
    let all: Vec<(f32, f32)> = many.iter().flat_map(|c| many.iter().map(move |r| (*c, *r))).collect();
    let side = |of: fn(&(f32, f32)) -> f32| Tensor::from_slice(&all.iter().map(of).collect::<Vec<_>>());
    let count = tokens(7, all.len());
    type Loss = fn(&Pair<Tensor>, &Pair<Tensor>) -> align_losses::Result<Tensor>;
    let losses: [(&str, Loss); 5] = [
        ("cpo", |logps, _| cpo(logps, 0.1, 0.1)),
        ("simpo", |logps, tokens| simpo(logps, tokens, 2.0, 0.5)),
        ("orpo", orpo_odds_ratio),
        ("slic_hf", |logps, _| slic_hf(logps, 1.0)),
        ("kto", |logps, _| {
            let desirable = logps.chosen.gt(-10.0);
            kto(&(&logps.chosen - &logps.rejected), &desirable, &Tensor::from(0.5f32), &KtoOptions::default())
        }),
    ];
    for (name, loss) in losses {
        let logps = Pair { chosen: side(|(c, _)| *c), rejected: side(|(_, r)| *r) }.map(|x| x.set_requires_grad(true));
        let found = loss(&logps, &count).unwrap();
        finite(name, &found.detach());
        found.mean(Kind::Float).backward();
        finite(name, &logps.chosen.grad());
        finite(name, &logps.rejected.grad());
    }
}

#[test]
fn limits_and_symmetries() {
    let logps = pair(&[-3.0, -20.0, -7.0], &[-5.0, -18.0, -7.0]);
    let margin = &logps.chosen - &logps.rejected;
    assert_eq!(values(&cpo(&logps, 0.3, 0.0).unwrap()), values(&sigmoid(&margin, 0.3).unwrap()));
    // SimPO without a target margin, on texts of one token, is CPO.
    assert_eq!(values(&simpo(&logps, &tokens(1, 3), 0.3, 0.0).unwrap()), values(&cpo(&logps, 0.3, 0.0).unwrap()));
    // Swapping the sides swaps the label: exp(-loss) are the two chances.
    let swapped = Pair { chosen: logps.rejected.shallow_clone(), rejected: logps.chosen.shallow_clone() };
    let chances = |pair: &Pair<Tensor>| values(&(-orpo_odds_ratio(pair, &tokens(30, 3)).unwrap()).exp());
    for (one, other) in chances(&logps).into_iter().zip(chances(&swapped)) {
        assert!((one + other - 1.0).abs() < 1e-6, "{one} and {other}");
    }
    // A completion at the reference point is worth half either way, and KL is never below 0.
    let (h, kl) = (Tensor::from_slice(&[1.5f32, 1.5]), Tensor::from(1.5f32));
    let losses = kto(&h, &Tensor::from_slice(&[true, false]), &kl, &KtoOptions::default()).unwrap();
    assert_eq!(values(&losses), [0.5, 0.5]);
    assert_eq!(kto_kl(&Tensor::from_slice(&[-3.0f32, 1.0])).unwrap().double_value(&[]), 0.0);
}
