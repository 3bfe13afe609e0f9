//! The project of docs/library.md, "Depending on one crate": a loss from `align-losses` alone.

use super::project::Project;
use crate::failure::Failure;
use crate::workspace::Workspace;

const MANIFEST: &str = include_str!("../../../../tests/dependant/losses/Cargo.toml.template");
const MAIN: &str = include_str!("../../../../tests/dependant/losses/main.rs");

/// What the program prints, by hand: the margins are 2 and 0, so the loss is (log(1 + e^-0.2) + log 2) / 2, and the
/// first chosen log-probability's gradient is -0.1 / (1 + e^0.2) / 2.
const PRINTED: &str = "loss 0.645643\ngradient -0.022508\n";

/// Builds and runs it, and compares what it prints.
pub fn check(workspace: &Workspace) -> Result<(), Failure> {
    let project = Project::create(workspace, "losses", MANIFEST, MAIN)?;
    let printed = project.run(workspace)?;
    if printed != PRINTED {
        return Err(Failure::new(format!("the dependant printed {printed:?}, expected {PRINTED:?}")));
    }
    eprintln!("align: the dependant on align-losses built, ran and printed what it should");
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::project::CONFIG;
    use super::*;

    /// The page and the project that is built have the same files.
    #[test]
    fn the_page_shows_these_files() {
        let page = include_str!("../../../../docs/library.md");
        for text in [MANIFEST.split_once("[dependencies]").unwrap().1, CONFIG, MAIN] {
            assert!(page.contains(text.trim_end()), "docs/library.md lacks:\n{text}");
        }
        assert!(page.contains(PRINTED.trim_end()), "docs/library.md lacks what the program prints");
    }
}
