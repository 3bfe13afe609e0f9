//! Compares chat templates and the tokenisers of chat models with transformers.

use crate::{golden_dir, read_json};
use align_data::chat::{ChatTemplate, Message, RenderOptions};
use align_data::{Error, Tokenizer};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn tokenizer(model: &Value) -> Tokenizer {
    let model = model.as_str().unwrap();
    Tokenizer::from_pretrained(golden_dir().join(model)).unwrap_or_else(|e| panic!("{model}: {e}"))
}

fn ids(value: &Value) -> Vec<i64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// A case's template, its name and its conversation.
struct Case<'a> {
    golden: &'a Value,
    case: &'a Value,
    tokenizer: &'a Tokenizer,
}

impl Case<'_> {
    fn template(&self) -> &ChatTemplate {
        self.tokenizer.chat_template(None, None).unwrap()
    }

    fn render(&self) -> align_data::Result<align_data::chat::RenderedChat> {
        let flag = |name: &str| self.case[name].as_bool().unwrap_or_default();
        let messages = &self.golden["conversations"][self.case["conversation"].as_str().unwrap()];
        let messages = messages.as_array().unwrap().iter().cloned();
        let messages: Vec<Message> = messages.map(|message| Message::from_json(message).unwrap()).collect();
        let variables: Map<String, Value> =
            self.case.get("terse").map(|terse| ("terse".to_owned(), terse.clone())).into_iter().collect();
        let options = RenderOptions {
            add_generation_prompt: flag("add_generation_prompt"),
            continue_final_message: flag("continue_final_message"),
            tools: Some(&self.golden["tools"]).filter(|_| flag("tools")),
            documents: None,
            variables: Some(&variables),
        };
        self.template().render(&messages, &options)
    }

    /// What differs from transformers, if anything.
    fn difference(&self) -> Option<String> {
        let rendered = self.render();
        if let Some(kind) = self.case.pointer("/error/kind").and_then(Value::as_str) {
            return match (kind, rendered) {
                ("raise_exception", Err(Error::ChatRefused { message, .. })) => {
                    let expected = self.case["error"]["message"].as_str().unwrap();
                    (message.chars().take(160).collect::<String>() != expected).then(|| format!("message {message:?}"))
                }
                ("continue", Err(Error::ContinueFinalMessage { .. })) | ("render", Err(_)) => None,
                (_, found) => Some(format!("expected an error of the kind {kind}, found {found:?}")),
            };
        }
        let chat = match rendered {
            Ok(chat) => chat,
            Err(error) => return Some(error.to_string()),
        };
        if chat.text != self.case["text"] {
            return Some(format!("expected {}, found {:?}", self.case["text"], chat.text));
        }
        let encoded = self.tokenizer.encode_chat(&chat).unwrap();
        if encoded.ids != ids(&self.case["input_ids"]) {
            return Some(format!("ids {:?}, expected {}", encoded.ids, self.case["input_ids"]));
        }
        assert_eq!(self.tokenizer.encode(&chat.text, false).unwrap(), encoded.ids);
        let mask: Vec<u8> = encoded.assistant_mask.iter().map(|said| u8::from(*said)).collect();
        let expected = self.case.get("assistant_masks")?;
        (json!(mask) != *expected).then(|| format!("mask {mask:?}, expected {expected}"))
    }
}

#[test]
fn rendered_conversations() {
    let golden = read_json("chat.json");
    let templates = golden["templates"].as_object().unwrap();
    let tokenizers: BTreeMap<&str, Tokenizer> = templates
        .iter()
        .map(|(name, template)| {
            let source = template["template"].as_str().unwrap();
            (name.as_str(), tokenizer(&template["model"]).with_chat_template(source, name).unwrap())
        })
        .collect();
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() > 500 && templates.len() == 10);
    let mut failures = Vec::new();
    for case in cases {
        let tokenizer = &tokenizers[case["template"].as_str().unwrap()];
        if let Some(difference) = (Case { golden: &golden, case, tokenizer }).difference() {
            let given = ["template", "conversation", "add_generation_prompt", "continue_final_message"];
            failures.push(format!("{:?}: {difference}", given.map(|name| case[name].to_string())));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// The template that a folder holds, in either of the two places, is the one that was used for it.
#[test]
fn templates_of_folders() {
    let golden = read_json("chat.json");
    for (model, name) in
        [("llama-tiny", "headers"), ("mistral-tiny", "inst"), ("qwen2-tiny", "chatml"), ("gemma2-tiny", "turns")]
    {
        let folder = json!(format!("models/{model}"));
        let found = tokenizer(&folder);
        assert_eq!(found.chat_template(None, None).unwrap().source(), golden["templates"][name]["template"], "{model}");
        let saved = tempfile::tempdir().unwrap();
        found.save(saved.path(), false).unwrap();
        let read = Tokenizer::from_pretrained(saved.path()).unwrap();
        assert_eq!(read.chat_template(None, None).unwrap().source(), golden["templates"][name]["template"], "{model}");
        assert_eq!(read.digest().unwrap(), found.digest().unwrap(), "{model}");
    }
}

#[test]
fn plain_strings() {
    let golden = read_json("chat.json");
    let cases = golden["tokenize"].as_array().unwrap();
    assert!(cases.len() >= 40);
    let mut failures = Vec::new();
    for case in cases {
        let (tokenizer, text) = (tokenizer(&case["model"]), case["text"].as_str().unwrap());
        let plain = tokenizer.encode(text, false).unwrap();
        let found = json!({
            "model": case["model"], "text": text, "input_ids": tokenizer.encode(text, true).unwrap(),
            "without_special_tokens": plain, "decoded": tokenizer.decode(&plain, false).unwrap(),
            "decoded_skip_special": tokenizer.decode(&tokenizer.encode(text, true).unwrap(), true).unwrap(),
        });
        if found != *case {
            failures.push(format!("expected {case}, found {found}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
