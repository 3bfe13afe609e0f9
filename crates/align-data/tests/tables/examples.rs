//! Rows to train on in every layout.

use crate::file;
use align_data::chat::Message;
use align_data::tables::{ExampleRow, Examples};
use align_data::{CompletionExample, ConversationPair, PairExample, PreferencePair, UnpairedExample};
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;

fn user(text: &str) -> Message {
    Message::new("user", text)
}

fn assistant(text: &str) -> Message {
    Message::new("assistant", text)
}

fn read<E: ExampleRow>(lines: &str) -> Examples<E> {
    Examples::read(file(&TempDir::new().unwrap(), "rows.jsonl", lines)).unwrap()
}

fn read_error<E: ExampleRow>(lines: &str) -> String {
    let folder = TempDir::new().unwrap();
    Examples::<E>::read(file(&folder, "rows.jsonl", lines)).err().expect("an error").to_string()
}

fn conversation(example: &PairExample) -> &ConversationPair {
    example.as_conversation().unwrap()
}

#[test]
fn parquet_lists_are_read_as_conversations() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tables/nested"));
    for name in ["pairs.parquet", "pairs-v2.parquet"] {
        let pairs = Examples::<PairExample>::read(folder.join(name)).unwrap();
        let pairs: Vec<&ConversationPair> = pairs.rows().iter().map(conversation).collect();
        assert_eq!(pairs[0].prompt, [user("Was it fun? é 🎬")], "{name}");
        assert_eq!(
            (&pairs[0].chosen[..], &pairs[0].rejected[..]),
            (&[assistant("Yes!")][..], &[assistant("No, \"not\"\n")][..])
        );
        assert_eq!(pairs[0].inputs.tools, None);
        assert_eq!(json!(pairs[0].inputs.chat_template_kwargs), json!({"terse": true}));
        assert_eq!(pairs[1].chosen, [assistant("One."), user("More?"), assistant("Two.")]);
        assert_eq!(pairs[1].rejected[0].content(), Some(""));
        let function = json!({"name": "find", "required": ["title", null]});
        assert_eq!(pairs[1].inputs.tools, Some(json!([{"type": "function", "function": function}])));
        assert_eq!(pairs[2].rejected, [assistant(&"x".repeat(300))]);
        assert_eq!((&pairs[2].inputs.tools, pairs[2].inputs.chat_template_kwargs.len()), (&Some(json!([])), 0));
    }
}

#[test]
fn a_missing_prompt_is_what_both_sides_begin_with() {
    let pairs = read::<PairExample>(
        "{\"chosen\": \"It was good\", \"rejected\": \"It was bad\"}\n{\"chosen\": \"A: yes\", \"rejected\": \"A: yes, but\"}\n",
    );
    assert_eq!(pairs.rows()[0].as_plain(), Some(&PreferencePair::new("It was", " good", " bad")));
    assert_eq!(pairs.rows()[1].as_plain(), Some(&PreferencePair::new("A: ye", "s", "s, but")));
    assert_eq!(pairs.notes(), ["the prompt is what chosen and rejected begin with"]);
    // A prompt under another name is not implicit.
    let message = read_error::<PairExample>(r#"{"question": "Was it fun?", "chosen": "Yes", "rejected": "No"}"#);
    assert!(message.contains("expected a column \"prompt\""), "{message}");
    // A prompt as text beside whole conversations.
    let pairs = read::<PairExample>(
        r#"{"prompt": "Hi", "chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}], "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Go"}]}"#,
    );
    assert_eq!(
        conversation(&pairs.rows()[0]),
        &ConversationPair::new(vec![user("Hi")], vec![assistant("Hello")], vec![assistant("Go")])
    );
}

#[test]
fn share_gpt_and_alpaca_are_recognised() {
    let pairs = read::<PairExample>(
        r#"{"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "Hi"}], "chosen": {"from": "gpt", "value": "Yes"}, "rejected": {"from": "gpt", "value": "No"}}"#,
    );
    let expected = ConversationPair::new(
        vec![Message::new("system", "S"), user("Hi")],
        vec![assistant("Yes")],
        vec![assistant("No")],
    );
    assert_eq!(conversation(&pairs.rows()[0]), &expected);
    assert!(pairs.notes()[0].contains("the prompt is conversations"), "{:?}", pairs.notes());

    let alpaca = r#"{"instruction": "Spell it.", "input": "freind", "output": "friend", "chosen": "friend", "rejected": "freind", "system": "S", "history": [["a", "b"]]}"#;
    let pair = read::<PairExample>(alpaca);
    let prompt = vec![Message::new("system", "S"), user("a"), assistant("b"), user("Spell it.\nfreind")];
    assert_eq!(
        conversation(&pair.rows()[0]),
        &ConversationPair::new(prompt.clone(), vec![assistant("friend")], vec![assistant("freind")])
    );
    let text = read::<CompletionExample>(&alpaca.replace("chosen", "c").replace("rejected", "r"));
    let text = text.rows()[0].as_conversation().unwrap();
    assert_eq!((&text.prompt, &text.completion[..]), (&prompt, &[assistant("friend")][..]));

    let kto =
        r#"{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}], "label": false}"#;
    for kto in [kto.to_owned(), kto.replace("label", "kto_tag")] {
        let rows = read::<UnpairedExample>(&kto);
        let row = rows.rows()[0].as_conversation().unwrap();
        assert_eq!(
            (&row.prompt[..], &row.completion[..], row.label),
            (&[user("Hi")][..], &[assistant("Ho")][..], false)
        );
    }

    let calls = r#"{"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "{\"name\": \"f\", \"arguments\": {}}"}, {"from": "observation", "value": "1"}, {"from": "gpt", "value": "a"}], "tools": "[{\"name\": \"f\"}]"}"#;
    let rows = read::<CompletionExample>(calls);
    let row = rows.rows()[0].as_conversation().unwrap();
    let roles: Vec<&str> = row.completion.iter().map(Message::role).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant"]);
    assert_eq!(row.completion[1].fields()["tool_calls"][0]["function"]["name"], "f");
    assert_eq!(row.inputs.tools, Some(json!([{"name": "f"}])));
}

#[test]
fn a_call_of_functions_needs_no_content() {
    let calls = json!([{"type": "function", "function": {"name": "f", "arguments": {}}}]);
    let user = json!({"role": "user", "content": "q"});
    for call in [
        json!({"role": "assistant", "content": null, "tool_calls": calls}),
        json!({"role": "assistant", "tool_calls": calls}),
    ] {
        let rows = read::<CompletionExample>(&json!({"messages": [user, call]}).to_string());
        assert_eq!(rows.rows()[0].as_conversation().unwrap().completion[1].fields()["tool_calls"], calls);
    }
}

#[test]
fn wrong_conversations_are_named() {
    let message = |role: &str| format!("[{{\"role\": \"{role}\", \"content\": \"x\"}}]");
    let (u, a) = (message("user"), message("assistant"));
    let pair = |prompt: &str, chosen: &str, more: &str| {
        format!("{{\"prompt\": {prompt}, \"chosen\": {chosen}, \"rejected\": {a}{more}}}")
    };
    for (line, expected) in [
        (pair(&u, "[]", ""), "row 1, column \"chosen\": expected a list of 1 to 10000 messages, found an empty list"),
        (pair(&u, "[{\"content\": \"x\"}]", ""), "message 1: expected a message with a role"),
        (pair(&u, "[1]", ""), "message 1: expected a message, an object with a role, found 1"),
        (
            pair(&u, "[{\"role\": \"assistant\", \"content\": null}]", ""),
            "row 1, column \"chosen\", message 1: content: expected a text, found nothing (null)",
        ),
        (
            pair(&u, "[{\"role\": \"assistant\", \"content\": null, \"tool_calls\": []}]", ""),
            "message 1: content: expected a text, found nothing (null)",
        ),
        (
            pair("[{\"from\": \"human\", \"value\": \"x\"}, {\"from\": \"gpt\", \"value\": null}]", &a, ""),
            "column \"prompt\", message 2: value: expected a text, found nothing (null)",
        ),
        (
            pair("[{\"role\": \"user\", \"text\": \"x\"}]", &a, ""),
            "column \"prompt\", message 1: content: expected a text, found no such field",
        ),
        (pair(&u, "\"x\"", ""), "column \"chosen\": expected lists of messages in prompt, chosen and rejected"),
        (pair(&u, "3", ""), "row 1, column \"chosen\": expected text or a list of messages, found a number"),
        (
            pair(&u, &a, ", \"tools\": \"{\""),
            "column \"tools\": expected a list of functions, or its JSON text, found text that is not JSON",
        ),
        (
            pair(&u, &a, ", \"tools\": {\"a\": 1}"),
            "column \"tools\": expected a list of functions, or its JSON text, found {\"a\":1}",
        ),
        (pair(&u, &a, ", \"chat_template_kwargs\": [1]"), "column \"chat_template_kwargs\": expected an object"),
        (
            format!("{}\n{}", pair(&u, &a, ""), pair("\"q\"", &a, "")),
            "row 2, column \"prompt\": expected a list of messages, as in the rows before, found text",
        ),
    ] {
        let found = read_error::<PairExample>(&line);
        assert!(found.contains(expected), "{line}: {found}");
    }
    let last = read_error::<UnpairedExample>(&format!("{{\"messages\": {u}, \"label\": true}}"));
    assert!(last.contains("messages that end with one of the assistant"), "{last}");
}

#[test]
fn several_files_follow_each_other() {
    let folder = TempDir::new().unwrap();
    let plain = |name: &str, text: &str| file(&folder, name, format!("{{\"text\": \"{text}\"}}\n"));
    let files = [plain("a.jsonl", "one"), plain("b.jsonl", "two")];
    let names = align_data::tables::ColumnNames::default();
    let rows = Examples::<CompletionExample>::read_files(&files, &names).unwrap();
    let texts: Vec<&str> = rows.rows().iter().map(|row| row.as_plain().unwrap().1.as_str()).collect();
    assert_eq!((texts, rows.files()), (vec!["one", "two"], &files[..]));
    let chat = file(&folder, "c.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}\n");
    let mixed = Examples::<CompletionExample>::read_files(&[files[0].clone(), chat], &names).unwrap_err().to_string();
    assert!(mixed.contains("c.jsonl: expected plain texts, as in") && mixed.contains("found conversations"), "{mixed}");
}
