//! What is known of the built-in losses: names, methods, help, and the tables of docs/losses.md.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use align_losses::{CpoLossType, GrpoLossType, KtoLossType, LossInfo, LossType};

/// Each family's losses, with the heading of its table in docs/losses.md.
fn families() -> [(&'static str, Vec<(&'static str, &'static LossInfo)>); 3] {
    [
        ("Losses of `align dpo` ", LossType::names_and_info().collect()),
        ("Losses of `align cpo` ", CpoLossType::names_and_info().collect()),
        ("Losses of `align kto` ", KtoLossType::names_and_info().collect()),
    ]
}

#[test]
fn every_loss_is_described() {
    let losses = families().into_iter().flat_map(|(_, losses)| losses).chain(GrpoLossType::names_and_info());
    for (name, info) in losses {
        assert!(!info.method.name.is_empty() && !info.help.is_empty(), "{name}");
        for method in std::iter::once(info.method).chain(info.methods_with.iter().map(|(_, method)| *method)) {
            assert!(method.paper.starts_with("https://arxiv.org/abs/"), "{name}: {method}");
        }
        for (option, _) in info.methods_with {
            assert!(info.options.contains(option), "{name} does not take {option}");
        }
    }
}

#[test]
fn the_guide_describes_every_loss() {
    let grpo = ("GRPO", GrpoLossType::names_and_info().collect());
    let page = concat!(include_str!("../../../docs/losses.md"), include_str!("../../../docs/on-policy.md"));
    for (heading, losses) in families().into_iter().chain([grpo]) {
        let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
        for (name, info) in losses {
            let row = section.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).expect(name);
            let formula = info.formula;
            assert!(!formula.is_empty() && row.replace('`', "").contains(formula), "{name}: {formula} is not in {row}");
            for method in std::iter::once(info.method).chain(info.methods_with.iter().map(|(_, method)| *method)) {
                assert!(row.contains(method.paper), "{name}: {} is not in {row}", method.paper);
            }
        }
    }
}

#[test]
fn losses_without_reference_and_of_single_completions_are_read_by_their_names() {
    let json = |name: &str| format!("{name:?}");
    for loss_type in CpoLossType::ALL {
        assert_eq!(serde_json::from_str::<CpoLossType>(&json(loss_type.name())).unwrap(), loss_type);
    }
    for loss_type in GrpoLossType::ALL {
        assert_eq!(serde_json::from_str::<GrpoLossType>(&json(loss_type.name())).unwrap(), loss_type);
    }
    for loss_type in KtoLossType::ALL {
        assert_eq!(serde_json::from_str::<KtoLossType>(&json(loss_type.name())).unwrap(), loss_type);
    }
}
