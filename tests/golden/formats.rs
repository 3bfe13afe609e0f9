//! Compares the rows of every form of data set, their texts and their ids with TRL's trainers.

use crate::{golden_dir, read_json};
use align_data::chat::{Message, RenderOptions};
use align_data::tables::{ExampleRow, Examples};
use align_data::{
    CompletionBatch, CompletionExample, EncodeOptions, EncodeReport, InvalidRows, PairExample, PromptedRow, RowParts,
    Tokenizer, UnpairedExample, encode_pairs, encode_reward_pairs, encode_texts, encode_unpaired,
};
use serde_json::{Value, json};
use tch::Tensor;

/// The rows of one form, for one trainer, tokeniser and template.
struct Group<'a> {
    tokenizer: Tokenizer,
    value: &'a Value,
}

impl Group<'_> {
    fn text(&self, field: &str) -> &str {
        self.value[field].as_str().unwrap()
    }

    fn name(&self, row: usize) -> String {
        let length = &self.value["max_length"];
        format!("{} {} {} {length} row {row}", self.text("trainer"), self.text("form"), self.text("model"))
    }

    fn options(&self) -> EncodeOptions {
        EncodeOptions {
            max_length: self.value["max_length"].as_u64().map(|length| length as usize),
            assistant_only_loss: self.text("form").contains("assistant only"),
            invalid_rows: InvalidRows::KeepEqual,
            ..EncodeOptions::default()
        }
    }

    /// Each row with its expected values.
    fn rows(&self) -> impl Iterator<Item = (String, &Value, &Value)> {
        let (rows, expected) = (self.value["rows"].as_array().unwrap(), self.value["expected"].as_array().unwrap());
        rows.iter().zip(expected).enumerate().map(|(row, (value, expected))| (self.name(row), value, expected))
    }
}

fn groups(test: impl Fn(&Group<'_>)) {
    let (formats, chat) = (read_json("preference_formats.json"), read_json("chat.json"));
    for value in formats["groups"].as_array().unwrap() {
        let folder = golden_dir().join(value["model"].as_str().unwrap());
        let mut tokenizer = Tokenizer::from_pretrained(folder).unwrap();
        if let Some(template) = value["chat_template"].as_str() {
            tokenizer = tokenizer.with_chat_template(template_source(&chat, template), template).unwrap();
        }
        test(&Group { tokenizer, value });
    }
}

fn template_source<'a>(chat: &'a Value, name: &str) -> &'a str {
    chat["templates"][name]["template"].as_str().unwrap()
}

/// Reads a row as the only one of a JSON Lines file.
fn read<E: ExampleRow>(row: &Value) -> Vec<E> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.jsonl");
    std::fs::write(&file, row.to_string()).unwrap();
    Examples::read(&file).unwrap().into_rows()
}

fn messages(messages: &[Message]) -> Value {
    serde_json::to_value(messages).unwrap()
}

/// The row as TRL's `extract_prompt` splits it.
fn extracted(row: &PairExample) -> Value {
    match row.parts() {
        RowParts::Plain { prompt, completions: [chosen, rejected] } => {
            json!({"prompt": prompt, "chosen": chosen, "rejected": rejected})
        }
        RowParts::Conversation { prompt, completions: [chosen, rejected], .. } => {
            json!({"prompt": messages(prompt), "chosen": messages(chosen), "rejected": messages(rejected)})
        }
    }
}

/// The texts of TRL's `maybe_apply_chat_template`: the prompt is what its text and both sequences begin with.
fn rendered(tokenizer: &Tokenizer, row: &PairExample) -> align_data::Result<Value> {
    let RowParts::Conversation { prompt, completions, inputs } = row.parts() else { return Ok(extracted(row)) };
    let continued = prompt.last().is_some_and(|message| message.role() == "assistant");
    let tools = inputs.tools.as_ref().filter(|tools| **tools != json!([]));
    let options = RenderOptions { tools, variables: Some(&inputs.chat_template_kwargs), ..RenderOptions::default() };
    let template = tokenizer.chat_template(None, tools)?;
    let prompt_options =
        RenderOptions { add_generation_prompt: !continued, continue_final_message: continued, ..options };
    let mut prompt_text = template.render(prompt, &prompt_options)?.text;
    let mut sequences = Vec::new();
    for completion in completions {
        let text = template.render(&[prompt, completion].concat(), &options)?.text;
        let shared = prompt_text.char_indices().zip(text.chars()).find(|((_, a), b)| a != b).map(|((at, _), _)| at);
        prompt_text.truncate(shared.unwrap_or(prompt_text.len().min(text.len())));
        sequences.push(text);
    }
    let end = |text: &str| text[prompt_text.len()..].to_owned();
    Ok(json!({"prompt": prompt_text, "chosen": end(&sequences[0]), "rejected": end(&sequences[1])}))
}

/// The rows that are left of one row: as many as TRL keeps. If TRL fails, the template must refuse the row.
fn check_report(name: &str, report: &EncodeReport, expected: &Value) {
    let is_refused = expected.get("error").is_some();
    assert_eq!(!report.dropped_by_template.is_empty(), is_refused, "{name}: {report}");
    if !is_refused {
        assert_eq!(report.kept() == 0, expected["prepared"].is_null(), "{name}: {report}");
    }
}

fn ids(value: &Value) -> Vec<i64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn cut(ids: Vec<i64>, length: usize) -> Vec<i64> {
    ids.into_iter().take(length).collect()
}

fn rows(tensor: &Tensor) -> Value {
    json!(Vec::<Vec<i64>>::try_from(tensor).unwrap())
}

#[test]
fn pairs_are_those_of_dpo_trainer() {
    groups(|group| {
        if group.text("trainer") != "dpo" {
            return;
        }
        for (name, row, expected) in group.rows() {
            let pairs = read::<PairExample>(row);
            if let Some(split) = expected.get("extracted") {
                assert_eq!(&extracted(&pairs[0]), split, "{name}");
            }
            match rendered(&group.tokenizer, &pairs[0]) {
                Ok(texts) => assert_eq!(&texts, &expected["text"], "{name}"),
                Err(problem) => assert!(expected.get("text_error").is_some(), "{name}: {problem}"),
            }
            let encoded = encode_pairs(&group.tokenizer, &pairs, &group.options()).unwrap();
            check_report(&name, &encoded.report, expected);
            let Some(pair) = encoded.pairs.first() else { continue };
            assert_eq!(pair.prompt_ids, ids(&expected["prepared"]["prompt_ids"]), "{name}");
            let pad = group.tokenizer.pad_token_id().unwrap();
            let batch = CompletionBatch::of_pairs(&[pair], pad).unwrap();
            assert_eq!(rows(&batch.input_ids), expected["batch"]["input_ids"], "{name}");
            assert_eq!(rows(&batch.attention_mask), expected["batch"]["attention_mask"], "{name}");
            assert_eq!(rows(&batch.completion_mask), expected["batch"]["completion_mask"], "{name}");
        }
    });
}

#[test]
fn labelled_rows_are_those_of_kto_trainer() {
    groups(|group| {
        if group.text("trainer") != "kto" {
            return;
        }
        for (name, row, expected) in group.rows() {
            let encoded = encode_unpaired(&group.tokenizer, &read::<UnpairedExample>(row), &group.options()).unwrap();
            check_report(&name, &encoded.report, expected);
            let prepared = &expected["prepared"];
            let prepared = prepared.as_array().cloned().unwrap_or_else(|| vec![prepared.clone()]);
            for (row, prepared) in encoded.rows.iter().zip(&prepared) {
                // KTO's collator truncates; the prepared row is whole.
                let left = group.options().max_length.map_or(usize::MAX, |length| length - row.prompt_ids.len());
                assert_eq!(row.prompt_ids, ids(&prepared["prompt_ids"]), "{name}");
                assert_eq!(row.completion_ids, cut(ids(&prepared["completion_ids"]), left), "{name}");
                assert_eq!(prepared["label"], row.label, "{name}");
            }
        }
    });
}

#[test]
fn texts_and_labels_are_those_of_sft_trainer() {
    groups(|group| {
        if group.text("trainer") != "sft" {
            return;
        }
        for (name, row, expected) in group.rows() {
            let encoded = encode_texts(&group.tokenizer, &read::<CompletionExample>(row), &group.options()).unwrap();
            let prepared = &expected["prepared"];
            if prepared["input_ids"].as_array().is_some_and(|ids| ids.len() == 1) {
                // TRL keeps a row of one token, in which nothing is predicted.
                assert_eq!(encoded.report.dropped_empty_completions, [0], "{name}");
                continue;
            }
            check_report(&name, &encoded.report, expected);
            let Some(text) = encoded.rows.first() else { continue };
            let found = [text.prompt_ids.as_slice(), &text.completion_ids].concat();
            assert_eq!(found, ids(&prepared["input_ids"]), "{name}");
            // The first token of a sequence is never predicted, so that its label has no effect.
            assert_eq!(text.labels(true)[1..], ids(&prepared["labels"])[1..], "{name}");
        }
    });
}

#[test]
fn texts_are_those_of_reward_trainer() {
    groups(|group| {
        if group.text("trainer") != "reward" {
            return;
        }
        for (name, row, expected) in group.rows() {
            let encoded = encode_reward_pairs(&group.tokenizer, &read::<PairExample>(row), &group.options()).unwrap();
            check_report(&name, &encoded.report, expected);
            let Some(pair) = encoded.pairs.first() else { continue };
            assert_eq!(pair.chosen_ids, ids(&expected["prepared"]["chosen_ids"]), "{name}");
            assert_eq!(pair.rejected_ids, ids(&expected["prepared"]["rejected_ids"]), "{name}");
        }
    });
}
