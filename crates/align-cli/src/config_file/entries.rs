//! The keys and values of a TOML or YAML file.

use crate::Failure;
use crate::usage::UsageError;
use align_base::printable_path;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Maximum size of a config file, in bytes.
const MAX_FILE_SIZE: u64 = 1 << 20;
/// Maximum number of parts (keys, values, list items) of a YAML file, and of those that its aliases repeat.
const MAX_YAML_PARTS: usize = 20_000;
/// Maximum nesting of a YAML file. Options need two levels.
const MAX_YAML_DEPTH: usize = 16;

/// A key with its value.
pub struct Entry {
    pub key: String,
    pub value: Value,
    /// The line of the value, from 1.
    pub line: Option<u64>,
}

impl Entry {
    /// The name of the option, without its dashes.
    pub fn option(&self) -> String {
        self.key.replace('_', "-")
    }
}

/// Reads a file. Its extension says which of the two it is.
pub fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let fail = |problem: String| UsageError::new(format!("{}: {problem}", printable_path(path)));
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let parse = match extension.as_deref() {
        Some("toml") => toml,
        Some("yaml" | "yml") => yaml,
        _ => return Err(fail("a config file is TOML or YAML, with the extension .toml, .yaml or .yml".into()).into()),
    };
    let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => fail("there is no such file".into()),
        _ => fail(format!("cannot be read: {e}")),
    })?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_SIZE {
        return Err(fail(format!("expected a file of at most {MAX_FILE_SIZE} bytes")).into());
    }
    let text = std::fs::read_to_string(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
    // Some editors write a byte-order mark before the text.
    Ok(parse(text.strip_prefix('\u{feff}').unwrap_or(&text)).map_err(fail)?)
}

fn toml(text: &str) -> Result<Vec<Entry>, String> {
    let table: BTreeMap<String, toml::Spanned<Value>> = toml::from_str(text).map_err(|e| e.to_string())?;
    let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() as u64 + 1;
    let entry = |(key, value): (String, toml::Spanned<Value>)| {
        let line = line(value.span().start);
        Entry { key, value: value.into_inner(), line: Some(line) }
    };
    Ok(table.into_iter().map(entry).collect())
}

fn yaml(text: &str) -> Result<Vec<Entry>, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: MAX_YAML_PARTS,
            max_depth: MAX_YAML_DEPTH,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_YAML_PARTS },
        // As in YAML 1.2: `eval_strategy: no` is the text no.
        strict_booleans: true,
        with_snippet: false,
    };
    let table: Option<BTreeMap<String, serde_saphyr::Spanned<Value>>> =
        serde_saphyr::from_str_with_options(text, options).map_err(|e| e.to_string())?;
    let entry = |(key, value): (String, serde_saphyr::Spanned<Value>)| {
        let line = value.referenced.line();
        Entry { key, value: value.value, line: (line > 0).then_some(line) }
    };
    Ok(table.unwrap_or_default().into_iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn both_formats_give_the_same_entries() {
        let from_toml = toml("learning_rate = 1e-6\nuse_peft = true\n\nloss_type = [\"sigmoid\", \"sft\"]\n").unwrap();
        let from_yaml = yaml("learning_rate: 1e-6\nuse_peft: true\n\nloss_type: [sigmoid, sft]\n").unwrap();
        for entries in [from_toml, from_yaml] {
            let found: Vec<_> = entries.into_iter().map(|entry| (entry.key, entry.value, entry.line)).collect();
            let expected = [
                ("learning_rate".to_owned(), json!(1e-6), Some(1)),
                ("loss_type".to_owned(), json!(["sigmoid", "sft"]), Some(4)),
                ("use_peft".to_owned(), json!(true), Some(2)),
            ];
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn yaml_scalars_have_the_types_of_yaml_1_2() {
        let text = "a: 1.0e-6\nb: no\nc: on\nd: false\ne: ~\nf:\ng: \"1e-6\"\nh: 18446744073709551615\ni: 1E-6\n";
        let values: Vec<Value> = yaml(text).unwrap().into_iter().map(|entry| entry.value).collect();
        let expected = json!([1e-6, "no", "on", false, null, null, "1e-6", 18_446_744_073_709_551_615_u64, 1e-6]);
        assert_eq!(Value::Array(values), expected);
        assert!(yaml("").unwrap().is_empty());
        assert!(yaml("# only a comment\n").unwrap().is_empty());
    }

    #[test]
    fn hostile_yaml_is_an_error() {
        let doubled = (1..20).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
            let items = vec![format!("*a{}", n - 1); 9].join(", ");
            text + &format!("a{n}: &a{n} [{items}]\n")
        });
        yaml(&doubled).err().unwrap();
        yaml(&format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000))).err().unwrap();
        yaml(&format!("a: [{}]", "x, ".repeat(100_000))).err().unwrap();
        let twice = yaml("beta: 1\nbeta: 2\n").err().unwrap();
        assert!(twice.contains("beta") && twice.contains("line 2"), "{twice}");
    }
}
