//! Bad conversations, and data sets in forms that do not fit.

use crate::case::*;
use std::fs;
use std::path::Path;

const DPO: &str = "dpo --train-file rows.jsonl --output-dir run";
const KTO: &str = "kto --train-file rows.jsonl --output-dir run";
const SFT: &str = "sft --train-file rows.jsonl --output-dir run";
const ASK: &str = r#"[{"role": "user", "content": "Was it fun?"}]"#;
const YES: &str = r#"[{"role": "assistant", "content": "Yes."}]"#;

fn pair(prompt: &str, chosen: &str, more: &str) -> String {
    format!(
        "{{\"prompt\": {prompt}, \"chosen\": {chosen}, \"rejected\": [{{\"role\": \"assistant\", \"content\": \"No.\"}}]{more}}}\n"
    )
}

/// Writes rows and a model whose template refuses some conversations.
fn with_chat_model(d: &Path, rows: &str) {
    copy_model(d, "gemma2-tiny");
    let template = "{% if messages[0].role == 'system' %}{{ raise_exception('No system turns here') }}{% endif %}\
                    {% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
    write(d, "model/chat_template.jinja", template);
    write(d, "rows.jsonl", rows);
}

pub const CASES: &[Case] = &[
    case(
        "conversations for a model without a chat template",
        |d| write(d, "rows.jsonl", pair(ASK, YES, "")),
        DPO,
        &["chat_template", "use a chat model or add a template"],
    ),
    case(
        "a conversation without messages",
        |d| write(d, "rows.jsonl", pair(ASK, "[]", "")),
        DPO,
        &["rows.jsonl, row 1, column \"chosen\"", "1 to 10000 messages", "an empty list"],
    ),
    case(
        "a message without a role",
        |d| write(d, "rows.jsonl", pair(r#"[{"content": "x"}]"#, YES, "")),
        DPO,
        &["row 1, column \"prompt\"", "message 1", "with a role"],
    ),
    case(
        "a role that is a number",
        |d| write(d, "rows.jsonl", pair(r#"[{"role": 1, "content": "x"}]"#, YES, "")),
        DPO,
        &["row 1, column \"prompt\"", "role: expected a string"],
    ),
    case(
        "a message whose content is null",
        |d| write(d, "rows.jsonl", pair(ASK, r#"[{"role": "assistant", "content": null}]"#, "")),
        DPO,
        &["row 1, column \"chosen\", message 1: content", "nothing (null)", "tool_calls"],
    ),
    case(
        "a message to continue without content",
        |d| write(d, "rows.jsonl", "{\"messages\": [{\"role\": \"user\"}]}\n"),
        "generate --messages rows.jsonl --output out.jsonl",
        &["row 1, column \"messages\", message 1: content", "no such field"],
    ),
    case(
        "a message that is a text",
        |d| write(d, "rows.jsonl", pair(r#"["x"]"#, YES, "")),
        DPO,
        &["row 1, column \"prompt\"", "message 1: expected a message"],
    ),
    case(
        "texts after conversations",
        |d| write(d, "rows.jsonl", pair(ASK, YES, "") + &pair("\"x\"", YES, "")),
        DPO,
        &["row 2, column \"prompt\"", "a list of messages, as in the rows before", "found text"],
    ),
    case(
        "a prompt of messages with a text as the chosen side",
        |d| write(d, "rows.jsonl", pair(ASK, "\"Yes.\"", "")),
        DPO,
        &["column \"chosen\"", "lists of messages in prompt, chosen and rejected"],
    ),
    case(
        "tools that are not JSON",
        |d| write(d, "rows.jsonl", pair(ASK, YES, ", \"tools\": \"[{\"")),
        DPO,
        &["row 1, column \"tools\"", "a list of functions", "not JSON"],
    ),
    case(
        "tools that are one object",
        |d| write(d, "rows.jsonl", pair(ASK, YES, ", \"tools\": {\"name\": \"f\"}")),
        DPO,
        &["row 1, column \"tools\"", "a list of functions", "{\"name\":\"f\"}"],
    ),
    case(
        "chat_template_kwargs that are a list",
        |d| write(d, "rows.jsonl", pair(ASK, YES, ", \"chat_template_kwargs\": [1]")),
        DPO,
        &["row 1, column \"chat_template_kwargs\"", "an object", "[1]"],
    ),
    case(
        "a conversation that is nested too deeply",
        |d| write(d, "rows.jsonl", pair(&"[".repeat(100_000), YES, "")),
        DPO,
        &["rows.jsonl, line 1", "recursion limit"],
    ),
    case(
        "a conversation that ends with the user, to be judged",
        |d| write(d, "rows.jsonl", format!("{{\"messages\": {ASK}, \"label\": true}}\n")),
        KTO,
        &["row 1, column \"messages\"", "end with one of the assistant"],
    ),
    case(
        "a judged conversation without a label",
        |d| write(d, "rows.jsonl", format!("{{\"messages\": {YES}}}\n")),
        KTO,
        &["rows.jsonl", "\"label\"", "found \"messages\""],
    ),
    case(
        "a prompt under another name beside both sides",
        |d| write(d, "rows.jsonl", "{\"question\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\"}\n"),
        DPO,
        &["expected a column \"prompt\"", "--columns prompt=question"],
    ),
    case(
        "Alpaca's history in another form",
        |d| write(d, "rows.jsonl", "{\"instruction\": \"i\", \"output\": \"o\", \"history\": [\"x\"]}\n"),
        SFT,
        &["row 1, column \"history\"", "a list of pairs of question and answer"],
    ),
    case(
        "conversations in one file and texts in the other",
        |d| {
            write(d, "a.jsonl", "{\"text\": \"x\"}\n");
            write(d, "b.jsonl", format!("{{\"messages\": {YES}}}\n"));
        },
        "sft --train-file a.jsonl,b.jsonl --output-dir run",
        &["b.jsonl: expected plain texts, as in a.jsonl, found conversations"],
    ),
    case(
        "a pattern that matches no file",
        no_files,
        "sft --train-file rows*.jsonl --output-dir run",
        &["rows*.jsonl: no file matches", "data/*.jsonl"],
    ),
    case(
        "a compressed file that is not compressed",
        |d| write(d, "rows.jsonl.gz", "{\"text\": \"x\"}\n"),
        "sft --train-file rows.jsonl.gz --output-dir run",
        &["rows.jsonl.gz", "not a readable gzip file"],
    ),
    case(
        "a compressed file of no table",
        |d| write(d, "rows.txt.zst", "x"),
        "sft --train-file rows.txt.zst --output-dir run",
        &["rows.txt.zst", ".csv, .jsonl, .json or .parquet, or one of them with .gz or .zst"],
    ),
    case(
        "conversations that the chat template refuses",
        |d| with_chat_model(d, &pair(r#"[{"role": "system", "content": "x"}]"#, YES, "").repeat(2)),
        "dpo --train-file rows.jsonl --output-dir run --model model",
        &["refuses every row (2 of 2)", "chat_template.jinja: No system turns here", "Mend the template"],
    ),
    case(
        "a chat template that fails on every row",
        |d| {
            with_chat_model(d, &pair(ASK, YES, "").repeat(3));
            write(
                d,
                "model/chat_template.jinja",
                "{% for m in messages %}\n{{ m.content | nosuchfilter }}{% endfor %}",
            );
        },
        "dpo --train-file rows.jsonl --output-dir run --model model --max-length 40",
        &["chat_template.jinja", "line 2", "nosuchfilter"],
    ),
    case(
        "a chat template with an error in every row",
        |d| {
            with_chat_model(d, &pair(ASK, YES, "").repeat(3));
            write(d, "model/chat_template.jinja", "{% for m in messages %}\n{{ m.parts[0].text }}{% endfor %}");
        },
        "sft --train-file rows.jsonl --columns messages=prompt --output-dir run --model model --max-length 40",
        &["the chat template refuses every row (3 of 3)", "chat_template.jinja, line 2"],
    ),
    case(
        "a conversation that the chat template refuses, among others",
        |d| with_chat_model(d, &(pair(ASK, YES, "") + &pair(r#"[{"role": "system", "content": "x"}]"#, YES, ""))),
        "dpo --train-file rows.jsonl --output-dir run --model model --invalid-rows refuse",
        &["No system turns here", "(row 2)", "--invalid-rows"],
    ),
    case(
        "equal sides that are to be refused",
        |d| write(d, "rows.jsonl", "{\"prompt\": \"a\", \"chosen\": \" b\", \"rejected\": \" b\"}\n"),
        "dpo --train-file rows.jsonl --output-dir run --invalid-rows refuse",
        &["both completions are equal (row 1)", "--invalid-rows"],
    ),
    case(
        "assistant-only loss on plain texts",
        |d| write(d, "rows.jsonl", "{\"text\": \"x y z\"}\n"),
        "sft --train-file rows.jsonl --output-dir run --assistant-only-loss",
        &["--assistant-only-loss", "{% generation %}", "plain texts"],
    ),
    case(
        "Parquet with lists cut short",
        |d| {
            let b = fs::read(crate::support::repository().join("fuzz/corpus/nested_columns/pairs.parquet")).unwrap();
            let damaged: Vec<u8> = b.iter().enumerate().map(|(at, byte)| if at == 60 { 0xff } else { *byte }).collect();
            write(d, "rows.parquet", &damaged)
        },
        "dpo --train-file rows.parquet --output-dir run",
        &["rows.parquet"],
    ),
];
