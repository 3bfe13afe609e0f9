//! The program of README.md and docs/library.md: a DPO run with the crate `align`.

use super::project::Project;
use crate::copy_folder::copy_folder;
use crate::failure::{Context, Failure};
use crate::workspace::Workspace;
use std::fs;
use std::path::Path;

const MANIFEST: &str = include_str!("../../../../tests/downstream/program/Cargo.toml.template");
const MAIN: &str = include_str!("../../../../tests/downstream/program/main.rs");

/// The part of the manifest that names this workspace.
const PATH_DEPENDENCY: &str = "{ path = \"/path/to/align/crates/align\" }";

/// The model that the program names. A local folder with this name takes precedence over the hub.
const MODEL: &str = "lvwerra/gpt2-imdb";
/// The folder with the tests' small model and preference pairs.
const GOLDEN: &str = "tests/golden/data";
const PAIRS: usize = 8;

/// Files that the run must write.
const EXPECTED_FILES: [&str; 6] = [
    "config.toml",
    "metrics.jsonl",
    "report.html",
    "model/model.safetensors",
    "model/tokenizer.json",
    "model/README.md",
];

/// Builds and runs the project with the crates of this workspace.
pub fn check(workspace: &Workspace) -> Result<(), Failure> {
    build_and_run(workspace, MANIFEST, None)
}

/// Builds and runs the project with packaged crates, whose source is in the cargo configuration.
pub fn check_with_packages(workspace: &Workspace, config: &Path) -> Result<(), Failure> {
    let manifest = MANIFEST.replace(PATH_DEPENDENCY, concat!("\"", env!("CARGO_PKG_VERSION"), "\""));
    build_and_run(workspace, &manifest, Some(config))
}

/// Builds and runs the project with a small model and a few pairs, and checks that it wrote its files.
fn build_and_run(workspace: &Workspace, manifest: &str, config: Option<&Path>) -> Result<(), Failure> {
    let project = Project::create(workspace, "program", manifest, MAIN)?;
    let golden = workspace.root.join(GOLDEN);
    let (from, to) = (golden.join("models/gpt2-tiny"), project.folder.join(MODEL));
    let copy = || {
        copy_folder(&from, &to)?;
        let pairs = fs::read_to_string(golden.join("train.jsonl"))?;
        let pairs: Vec<&str> = pairs.lines().take(PAIRS).collect();
        fs::write(project.folder.join("pairs.jsonl"), pairs.join("\n"))
    };
    copy().context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    project.run(workspace, config)?;
    for name in EXPECTED_FILES {
        let file = project.folder.join("runs/dpo").join(name);
        if fs::metadata(&file).map_or(0, |data| data.len()) == 0 {
            return Err(Failure::new(format!("the project's run did not write runs/dpo/{name}")));
        }
    }
    eprintln!(
        "align: the project that depends on align was built, and its run wrote a model, card, metrics and report"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_manifest_names_the_path_that_packages_replace() {
        assert!(MANIFEST.contains(&format!("align = {PATH_DEPENDENCY}")), "{MANIFEST}");
    }

    /// README.md, docs/library.md, the front page of `align` and the project that is built show the same program.
    #[test]
    fn one_program_is_shown_everywhere() {
        let (readme, page) = (include_str!("../../../../README.md"), include_str!("../../../../docs/library.md"));
        for text in [readme, page] {
            assert!(text.contains(MAIN.trim_end()), "README.md or docs/library.md lacks:\n{MAIN}");
        }
        assert!(
            page.contains(MANIFEST.split_once("[dependencies]").unwrap().1.trim_end()),
            "docs/library.md lacks the manifest"
        );
        let lines = include_str!("../../../align/src/lib.rs").lines();
        // rustdoc hides the lines of an example that begin with #.
        let shown = lines.map_while(|line| line.strip_prefix("//!")).map(|line| line.strip_prefix(' ').unwrap_or(line));
        let front_page: Vec<&str> = shown.filter(|line| !line.starts_with("# ") && *line != "#").collect();
        assert!(front_page.join("\n").contains(MAIN.trim_end()), "the front page lacks:\n{MAIN}");
    }
}
