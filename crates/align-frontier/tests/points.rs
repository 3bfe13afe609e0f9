//! Loss settings and points.
#![allow(clippy::unwrap_used)]

use align_frontier::{LossSetting, points};
use align_train::{DpoConfig, FDivergenceType};

fn loss(text: &str) -> LossSetting {
    text.parse().unwrap()
}

#[test]
fn loss_settings_round_trip_through_their_names() {
    for text in ["sigmoid", "hinge", "ipo", "sigmoid+js_divergence", "hinge+forward_kl", "exo_pair"] {
        assert_eq!(loss(text).to_string(), text);
        assert_eq!(serde_json::from_str::<LossSetting>(&format!("{text:?}")).unwrap(), loss(text));
    }
    let config = loss("sigmoid+js_divergence").config(0.3, &DpoConfig::default()).unwrap();
    assert_eq!((config.beta, config.f_divergence_type), (0.3, FDivergenceType::JsDivergence));
    assert!(loss("ipo").is_length_normalised() && !loss("ipo_sum").is_length_normalised());
}

#[test]
fn unknown_names_and_ignored_divergences_are_rejected() {
    for (text, part) in [
        ("hinje", "did you mean hinge?"),
        ("sigmoid+kl", "\"kl\" is not one of reverse_kl"),
        ("", "\"\" is not one of"),
    ] {
        let problem = text.parse::<LossSetting>().unwrap_err().to_string();
        assert!(problem.contains(part), "{text}: {problem}");
    }
    assert!("nca_pair+js_divergence".parse::<LossSetting>().is_err());
}

#[test]
fn points_are_ordered_by_loss_and_descending_beta() {
    let found = points(&[(loss("ipo"), vec![1.0, 10.0]), (loss("hinge"), vec![0.1])]).unwrap();
    let names: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["ipo, β = 10", "ipo, β = 1", "hinge, β = 0.1"]);
    let assert_rejected = |losses: &[(LossSetting, Vec<f64>)], part: &str| {
        let problem = points(losses).unwrap_err().to_string();
        assert!(problem.contains(part), "{problem}");
    };
    assert_rejected(&[], "at least one");
    assert_rejected(&[(loss("hinge"), vec![])], "at least one");
    assert_rejected(&[(loss("hinge"), vec![1.0, 1.0])], "has 1 twice");
    assert_rejected(&[(loss("hinge"), vec![-1.0])], "above 0");
    assert_rejected(&[(loss("hinge"), vec![f64::NAN])], "above 0");
    assert_rejected(&[(loss("hinge"), vec![1.0]), (loss("hinge"), vec![2.0])], "hinge occurs twice");
}
