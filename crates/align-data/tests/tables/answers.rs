//! Tables of a chat model's answers, read as texts.

use crate::file;
use align_data::tables::ColumnNames;
use align_data::{ScoredTexts, Texts};
use tempfile::TempDir;

const ANSWERS: &str = concat!(
    r#"{"prompt": [{"role":"user","content":"Far?"}], "completion": [{"role":"assistant","content":"Two kilometres."}]}"#,
    "\n",
    r#"{"prompt": [{"role":"system","content":"Be brief."},{"role":"user","content":"Far?"}], "completion": [{"role":"assistant","content":"No."},{"role":"assistant","content":"Not at all."}]}"#,
    "\n"
);

fn read(folder: &TempDir, lines: &str) -> align_data::Result<Texts> {
    let names: ColumnNames = "text=completion".parse().unwrap();
    Texts::read_renamed(file(folder, "answers.jsonl", lines), &names)
}

#[test]
fn answers_are_texts_and_their_prompts_are_kept() {
    let folder = TempDir::new().unwrap();
    let texts = read(&folder, ANSWERS).unwrap();
    assert_eq!(texts.texts(), ["Two kilometres.", "No.\nNot at all."]);
    assert_eq!(texts.prompts(), None);
    let keys: Vec<String> = texts.prompt_keys().unwrap().into_iter().map(str::to_owned).collect();
    assert!(keys[0].contains("Far?") && keys[1].contains("Be brief.") && keys[0] != keys[1], "{keys:?}");

    // Scored and read again, the rows have the same prompts.
    let scored = folder.path().join("scored.jsonl");
    texts.with_scores(&[0.5, -1.0]).unwrap().write(&scored, false).unwrap();
    let again = Texts::read(&scored).unwrap();
    assert_eq!(again.texts(), ["Two kilometres.", "No.\nNot at all."]);
    assert_eq!(
        (again.scores().unwrap(), again.prompt_keys().unwrap()),
        (vec![0.5, -1.0], keys.iter().map(String::as_str).collect())
    );
    // Pairs of such texts would lose the form of the conversation.
    let problem = ScoredTexts::read(&scored).unwrap_err().to_string();
    assert!(problem.contains("column \"prompt\": expected text, found a list"), "{problem}");
}

#[test]
fn texts_with_and_without_prompts_have_keys_or_none() {
    let folder = TempDir::new().unwrap();
    let plain = Texts::read(file(&folder, "a.csv", "prompt,text\nA,B\nA,C\n")).unwrap();
    assert_eq!(plain.prompt_keys().unwrap(), ["A", "A"]);
    assert_eq!(Texts::read(file(&folder, "b.csv", "text\nB\n")).unwrap().prompt_keys(), None);
    let answers = r#"{"completion": [{"role":"assistant","content":"No."}]}"#;
    assert_eq!(read(&folder, answers).unwrap().prompt_keys(), None);
}

#[test]
fn columns_that_are_neither_text_nor_messages_are_errors() {
    let folder = TempDir::new().unwrap();
    for (line, part) in [
        (r#"{"completion": 3}"#, "column \"completion\": expected text or a list of messages, found a number"),
        (r#"{"completion": [3]}"#, "message 1: expected a message, an object with a role, found 3"),
        (r#"{"completion": [], "prompt": "A"}"#, "found an empty list"),
        (r#"{"completion": "a", "prompt": 3}"#, "column \"prompt\": expected text or a list of messages"),
    ] {
        let problem = read(&folder, line).unwrap_err().to_string();
        assert!(problem.contains(part), "{line}: {problem}");
    }
}
