//! Parses shell lines as commands.

/// A line of a shell block.
pub enum Shell {
    /// The words of an `align` command without `align`.
    Align(Vec<String>),
    /// Any other command, without variables set in front of it.
    Other(String),
}

/// Runs `align` without installing it.
const WITHOUT_INSTALLING: &str = "cargo run -p align-cli -- ";

impl Shell {
    pub fn parse(line: &str) -> Self {
        let mut command = line.trim();
        while let Some((first, rest)) = command.split_once(' ') {
            let name = first.split_once('=').map(|(name, _)| name);
            if name.is_none_or(|name| name.is_empty() || name.contains(|c: char| !c.is_ascii_uppercase() && c != '_')) {
                break;
            }
            command = rest.trim_start();
        }
        match command.strip_prefix("align ").or_else(|| command.strip_prefix(WITHOUT_INSTALLING)) {
            Some(rest) => Self::Align(words(rest)),
            None => Self::Other(command.to_owned()),
        }
    }
}

/// Splits a line into words like a shell. The pages use only double quotes, and no variables in `align` commands.
fn words(text: &str) -> Vec<String> {
    let unquoted: String = text.split('"').step_by(2).collect();
    let is_syntax = text.contains(['$', '\'']) || unquoted.contains(['|', '<', '>', ';', '&', '*']);
    assert!(!is_syntax, "write `{text}` without shell syntax");
    let mut words = vec![String::new()];
    let mut in_quotes = false;
    for c in text.chars() {
        match c {
            '"' => in_quotes = !in_quotes,
            ' ' if !in_quotes => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn lines_are_split_like_in_a_shell() {
    let Shell::Align(words) = Shell::parse("RUST_LOG=info align generate  --prompt \"This movie\"") else { panic!() };
    assert_eq!(words, ["generate", "--prompt", "This movie"]);
    let Shell::Other(command) = Shell::parse("A=b cargo test") else { panic!() };
    assert_eq!(command, "cargo test");
    let Shell::Align(words) = Shell::parse("cargo run -p align-cli -- help") else { panic!() };
    assert_eq!(words, ["help"]);
}
