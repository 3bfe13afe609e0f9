//! Rewards of a JSON schema.
#![cfg(feature = "json-schema")]
#![allow(clippy::unwrap_used)]

use align_rewards::{CommandOptions, RewardInput, RewardSpec};
use std::path::Path;

fn spec(path: &Path) -> RewardSpec {
    format!("shape=json-schema:{}", path.display()).parse().unwrap()
}

fn file(folder: &Path, contents: &[u8]) -> RewardSpec {
    let path = folder.join("schema.json");
    std::fs::write(&path, contents).unwrap();
    spec(&path)
}

#[test]
fn answers_that_a_schema_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let schema = br##"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["answer", "sure"],
        "additionalProperties": false, "properties": {"answer": {"$ref": "#/$defs/short"}, "sure": {"type": "boolean"}},
        "$defs": {"short": {"type": "string", "maxLength": 3}}}"##;
    let mut function = file(folder.path(), schema).build(&CommandOptions::default()).unwrap();
    let texts = [
        (r#"{"answer": "yes", "sure": true}"#, 1.0),
        (r#"{"answer": "never", "sure": true}"#, 0.0),
        (r#"{"answer": "yes"}"#, 0.0),
        (r#"{"answer": "yes", "sure": true, "more": 1}"#, 0.0),
        ("yes", 0.0),
        ("", 0.0),
    ];
    let inputs: Vec<_> = texts.iter().map(|(text, _)| RewardInput::new("Well?", text)).collect();
    let expected: Vec<_> = texts.iter().map(|(_, reward)| Some(*reward)).collect();
    assert_eq!(function.rewards(&inputs).unwrap(), expected);
    assert_eq!(function.name(), "shape");
}

#[test]
fn files_that_are_no_schemas() {
    let folder = tempfile::tempdir().unwrap();
    for (contents, word) in [
        (&b"{\"type\": "[..], "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"", "no JSON"),
        (b"{\"type\": \"objekt\"}", "type"),
        (b"{\"pattern\": \"(\"}", "pattern"),
        (b"[1, 2]", "schema"),
        (b"{\"$ref\": \"https://example.org/other.json\"}", "example.org"),
        (b"{\"$ref\": \"file:///etc/passwd\"}", "passwd"),
        (b"{\"$ref\": \"#/$defs/missing\"}", "missing"),
    ] {
        let problem = file(folder.path(), contents).build(&CommandOptions::default()).unwrap_err().to_string();
        assert!(problem.contains("schema.json") && problem.contains(word), "{word}: {problem}");
    }
    let large = vec![b' '; (1 << 20) + 1];
    let problem = file(folder.path(), &large).build(&CommandOptions::default()).unwrap_err().to_string();
    assert!(problem.contains("1048576"), "{problem}");
    let problem = spec(&folder.path().join("none.json")).build(&CommandOptions::default()).unwrap_err().to_string();
    assert!(problem.contains("none.json"), "{problem}");
    spec(folder.path()).build(&CommandOptions::default()).unwrap_err();
}
