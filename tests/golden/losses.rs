//! `align-losses` against losses.json: the papers' formulas in float64 NumPy, differentiated by central differences.

use align_losses::{DpoLoss, FDivergence, LossType, Pair};
use serde_json::Value;
use std::collections::BTreeMap;
use tch::Tensor;

/// Losses of the golden set that this crate does not have yet. A name that is neither here nor a `LossType` fails.
const NOT_BUILT: [&str; 5] = ["cpo_sigmoid", "orpo_odds", "simpo", "slic_hf", "kto"];

fn numbers(case: &Value, name: &str) -> Vec<f64> {
    let list = case[name].as_array().unwrap_or_else(|| panic!("{name} is no list"));
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

fn sides(case: &Value, chosen: &str, rejected: &str) -> Pair<Tensor> {
    Pair { chosen, rejected }.map(|name| Tensor::from_slice(&numbers(case, name)))
}

fn loss_of(case: &Value) -> DpoLoss {
    let loss_type: LossType = serde_json::from_value(case["loss"].clone()).unwrap();
    let divergence = match case["f_divergence"].as_str().unwrap() {
        "alpha_divergence" => FDivergence::alpha(case["f_alpha"].as_f64().unwrap()).unwrap(),
        _ => serde_json::from_value(case["f_divergence"].clone()).unwrap(),
    };
    let number = |name: &str| case[name].as_f64().unwrap();
    let loss = DpoLoss::new(loss_type, number("beta"), number("label_smoothing"), divergence).unwrap();
    match loss_type {
        LossType::Discopop => loss.with_discopop_tau(number("tau")).unwrap(),
        _ => loss,
    }
}

fn built_cases() -> Vec<Value> {
    let golden = crate::read_json("losses.json");
    let cases = golden["cases"].as_array().unwrap();
    let built = |case: &&Value| !NOT_BUILT.contains(&case["loss"].as_str().unwrap());
    cases.iter().filter(built).cloned().collect()
}

fn compare(what: &str, found: &Tensor, expected: &[f64], relative: f64, absolute: f64) {
    let found: Vec<f64> = Vec::try_from(found).unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let allowed = relative * expected.abs() + absolute;
        assert!((found - expected).abs() <= allowed, "{what}[{i}]: {found}, expected {expected}");
    }
}

#[test]
fn losses_rewards_and_gradients() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in built_cases() {
        let loss = loss_of(&case);
        *seen.entry(format!("{} {}", loss.loss_type(), case["f_divergence"])).or_default() += 1;
        let policy = sides(&case, "policy_chosen", "policy_rejected");
        let reference = sides(&case, "reference_chosen", "reference_rejected");
        let tokens = sides(&case, "chosen_tokens", "rejected_tokens");
        let (found, gradient) = loss.evaluate_with_gradient(&policy, &reference, Some(&tokens)).unwrap();
        let name = |part: &str| format!("{loss:?} {part}");
        compare(&name("losses"), &found.losses, &numbers(&case, "losses"), 0.0, 1e-6);
        compare(&name("rewards.chosen"), &found.rewards.chosen, &numbers(&case, "chosen_rewards"), 0.0, 1e-6);
        compare(&name("rewards.rejected"), &found.rewards.rejected, &numbers(&case, "rejected_rewards"), 0.0, 1e-6);
        compare(&name("gradient.chosen"), &gradient.chosen, &numbers(&case, "grad_policy_chosen"), 1e-5, 1e-8);
        compare(&name("gradient.rejected"), &gradient.rejected, &numbers(&case, "grad_policy_rejected"), 1e-5, 1e-8);
    }
    for loss_type in LossType::ALL {
        let divergences = ["reverse_kl", "forward_kl", "js_divergence", "alpha_divergence"];
        let all = loss_type.takes_divergence() && loss_type != LossType::IpoSum;
        for divergence in &divergences[..if all { 4 } else { 1 }] {
            let key = format!("{loss_type} \"{divergence}\"");
            assert!(seen.contains_key(&key), "no case of {key} among {seen:?}");
        }
    }
}

/// The same in float32, at float32's precision.
#[test]
fn losses_in_float32() {
    for case in built_cases() {
        let narrow = |pair: Pair<Tensor>| pair.map(|x| x.to_kind(tch::Kind::Float));
        let loss = loss_of(&case);
        let found = loss
            .evaluate(
                &narrow(sides(&case, "policy_chosen", "policy_rejected")),
                &narrow(sides(&case, "reference_chosen", "reference_rejected")),
                Some(&sides(&case, "chosen_tokens", "rejected_tokens")),
            )
            .unwrap();
        compare(&format!("{loss:?}"), &found.losses.to_kind(tch::Kind::Double), &numbers(&case, "losses"), 1e-4, 1e-4);
    }
}

#[test]
fn a_loss_survives_a_configuration_file_and_a_bad_one_does_not() {
    for case in built_cases() {
        let loss = loss_of(&case);
        let text = serde_json::to_string(&loss).unwrap();
        assert_eq!(serde_json::from_str::<DpoLoss>(&text).unwrap(), loss, "{text}");
    }
    let error = |text: &str| serde_json::from_str::<DpoLoss>(text).unwrap_err().to_string();
    assert!(error(r#"{"loss_type": "sigmoid", "beta": 0.0}"#).contains("beta: expected a finite number above 0"));
    assert!(
        error(r#"{"loss_type": "hinge", "beta": 0.1, "label_smoothing": 0.1}"#)
            .contains("loss_type hinge would ignore")
    );
    let alpha = r#"{"loss_type": "ipo", "beta": 0.1, "divergence": {"alpha_divergence": {"coefficient": 1.0}}}"#;
    assert!(error(alpha).contains("reverse_kl"));
    assert!(error(r#"{"loss_type": "sigmoid", "beta": 0.1, "tau": 1}"#).contains("unknown field `tau`"));
}
