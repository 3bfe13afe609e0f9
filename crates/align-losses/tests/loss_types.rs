//! What is known of the built-in losses: names, methods, help, and the README's table of them.
#![allow(clippy::unwrap_used)]

use align_losses::{CpoLossType, KtoLossType, LossInfo, LossType};

/// Each family's losses, beside the beginning of its row in the README.
fn families() -> [(&'static str, Vec<(&'static str, &'static LossInfo)>); 3] {
    [
        ("| `--loss-type`", LossType::known().collect()),
        ("| `cpo --loss-type`", CpoLossType::known().collect()),
        ("| `kto --loss-type`", KtoLossType::known().collect()),
    ]
}

#[test]
fn every_loss_is_described() {
    for (name, info) in families().into_iter().flat_map(|(_, losses)| losses) {
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
fn the_readme_lists_every_loss() {
    let readme = include_str!("../../../README.md");
    for (row, losses) in families() {
        let row = readme.lines().find(|line| line.starts_with(row)).unwrap();
        for (name, _) in losses {
            assert!(row.contains(&format!("`{name}`")), "{name} is not in {row}");
        }
    }
}

#[test]
fn losses_without_reference_and_of_single_completions_are_read_by_their_names() {
    let json = |name: &str| format!("{name:?}");
    for loss_type in CpoLossType::ALL {
        assert_eq!(serde_json::from_str::<CpoLossType>(&json(loss_type.name())).unwrap(), loss_type);
    }
    for loss_type in KtoLossType::ALL {
        assert_eq!(serde_json::from_str::<KtoLossType>(&json(loss_type.name())).unwrap(), loss_type);
    }
}
