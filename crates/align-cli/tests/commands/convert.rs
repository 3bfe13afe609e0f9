//! Conversion of models to another dtype.

use crate::support::{golden_path, run};
use crate::{lines, ok};
use std::path::Path;

#[test]
fn models_are_converted_to_float16() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for model in ["gpt2-tiny", "distilbert-tiny"] {
        let from = golden_path(&format!("models/{model}"));
        let printed = ok("convert", dir, &["--model", &from, "--dtype", "float16", "--output-dir", model]);
        let next = if model == "gpt2-tiny" { "align generate" } else { "align classify" };
        assert!(printed.contains(&format!("next:\n  {next} --model {model} ")), "{printed}");
        let bytes = |folder: &Path| std::fs::metadata(folder.join("model.safetensors")).unwrap().len() as f64;
        let (before, after) = (bytes(Path::new(&from)), bytes(&dir.join(model)));
        assert!((after / before - 0.5).abs() < 0.02, "{model}: {before} bytes became {after}");
        let again = run("convert", dir, &["--model", &from, "--dtype", "float16", "--output-dir", model]);
        assert!(!again.status.success(), "{model} was overwritten");
    }
    std::fs::write(dir.join("pairs.jsonl"), "{\"prompt\": \"The\", \"completion\": \" film is good\"}\n").unwrap();
    let sum = |model: &str| {
        ok("logps", dir, &["--model", model, "--input", "pairs.jsonl", "--output", "logps.jsonl", "--overwrite"]);
        lines(&dir.join("logps.jsonl"))[0]["logps"].as_f64().unwrap()
    };
    let (exact, rounded) = (sum(&golden_path("models/gpt2-tiny")), sum("gpt2-tiny"));
    // float16 has a precision of 11 bits.
    assert!(exact != rounded && (exact - rounded).abs() < 1e-2 * exact.abs(), "{exact} became {rounded}");
}

#[test]
fn a_gguf_file_is_used_like_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let from = golden_path("models/gpt2-tiny");
    let printed = ok("convert", dir, &["--model", &from, "--dtype", "float32", "--output", "tiny.gguf"]);
    assert!(printed.contains("next:\n  align generate --model tiny.gguf "), "{printed}");
    let again = run("convert", dir, &["--model", &from, "--dtype", "q8_0", "--output", "tiny.gguf"]);
    let problem = String::from_utf8(again.stderr).unwrap();
    assert!(!again.status.success() && problem.contains("tiny.gguf exists already"), "{problem}");
    ok("convert", dir, &["--model", "tiny.gguf", "--dtype", "float32", "--output-dir", "back"]);
    ok("convert", dir, &["--model", "tiny.gguf", "--dtype", "q8_0", "--output", "small.gguf"]);
    let bytes = |name: &str| std::fs::metadata(dir.join(name)).unwrap().len();
    assert!(bytes("small.gguf") < bytes("tiny.gguf") / 2, "{} bytes", bytes("small.gguf"));

    std::fs::write(dir.join("pairs.jsonl"), "{\"prompt\": \"The\", \"completion\": \" film is good\"}\n").unwrap();
    let sum = |model: &str| {
        ok("logps", dir, &["--model", model, "--input", "pairs.jsonl", "--output", "logps.jsonl", "--overwrite"]);
        lines(&dir.join("logps.jsonl"))[0]["logps"].as_f64().unwrap()
    };
    let exact = sum(&from);
    assert_eq!((sum("tiny.gguf"), sum("back")), (exact, exact));
    let rounded = sum("small.gguf");
    assert!(rounded != exact && (rounded - exact).abs() < 0.05 * exact.abs(), "{exact} became {rounded}");
}
