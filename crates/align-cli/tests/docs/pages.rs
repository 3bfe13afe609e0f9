//! Reads pages and their code blocks.

use crate::support::repository;
use std::collections::BTreeSet;

pub struct Page {
    pub text: String,
}

impl Page {
    /// The page at this path in the repository.
    pub fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(repository().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        Self { text }
    }

    /// The lines of all shell blocks, without comments and with continuation lines joined.
    pub fn shell_lines(&self) -> Vec<String> {
        let joined = self.text.replace("\\\n", " ");
        let mut in_shell = false;
        let mut lines = Vec::new();
        for line in joined.lines() {
            if line.starts_with("```") {
                in_shell = line == "```sh";
                continue;
            }
            let command = line.split(" #").next().unwrap_or_default().trim();
            if in_shell && !command.is_empty() && !command.starts_with('#') {
                lines.push(command.to_owned());
            }
        }
        lines
    }

    /// The page without its code blocks.
    pub fn prose(&self) -> String {
        let mut in_block = false;
        let mut prose = String::new();
        for line in self.text.lines() {
            if line.starts_with("```") {
                in_block = !in_block;
            } else if !in_block {
                prose.push_str(line);
                prose.push('\n');
            }
        }
        prose
    }

    /// The code spans outside code blocks, with line breaks replaced by spaces.
    pub fn inline_code(&self) -> Vec<String> {
        let prose = self.prose();
        prose.split('`').skip(1).step_by(2).map(|code| code.replace('\n', " ")).collect()
    }
}

/// README.md and all pages of docs/.
pub fn names() -> BTreeSet<String> {
    let docs = std::fs::read_dir(repository().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let docs = docs.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".md"));
    docs.map(|name| format!("docs/{name}")).chain(["README.md".to_owned()]).collect()
}
