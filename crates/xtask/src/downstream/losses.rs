//! The project of docs/library.md, "Using a single crate": a loss computed with `align-losses` only.

use super::project::Project;
use crate::failure::Failure;
use crate::workspace::Workspace;

const MANIFEST: &str = include_str!("../../../../tests/downstream/losses/Cargo.toml.template");
const MAIN: &str = include_str!("../../../../tests/downstream/losses/main.rs");

/// The expected output, computed by hand: the margins are 2 and 0, so the loss is (log(1 + e^-0.2) + log 2) / 2, and the gradient
/// of the first chosen log-probability is -0.1 / (1 + e^0.2) / 2.
const EXPECTED_OUTPUT: &str = "loss 0.645643\ngradient -0.022508\n";

/// Builds and runs the project, and compares its output.
pub fn check(workspace: &Workspace) -> Result<(), Failure> {
    let project = Project::create(workspace, "losses", MANIFEST, MAIN)?;
    let printed = project.run(workspace, None)?;
    if printed != EXPECTED_OUTPUT {
        return Err(Failure::new(format!(
            "the project on align-losses printed {printed:?}, expected {EXPECTED_OUTPUT:?}"
        )));
    }
    eprintln!("align: the project that depends on align-losses was built and run, and printed the expected output");
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::project::CONFIG;
    use super::*;

    /// docs/library.md shows exactly the files of the project.
    #[test]
    fn the_page_shows_these_files() {
        let page = include_str!("../../../../docs/library.md");
        for text in [MANIFEST.split_once("[dependencies]").unwrap().1, CONFIG, MAIN] {
            assert!(page.contains(text.trim_end()), "docs/library.md lacks:\n{text}");
        }
        assert!(page.contains(EXPECTED_OUTPUT.trim_end()), "docs/library.md lacks the program's output");
    }
}
