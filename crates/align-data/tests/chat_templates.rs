//! Chat templates that are invalid, fail or would never end, and where templates are looked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::chat::{ChatTemplate, Message, RenderOptions, RenderedChat};
use align_data::{Error, Result, Tokenizer};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn conversation() -> Vec<Message> {
    vec![Message::new("user", "Why?"), Message::new("assistant", " Because. ")]
}

fn render(source: &str, options: &RenderOptions<'_>) -> Result<RenderedChat> {
    ChatTemplate::new(source, "model/chat_template.jinja", Map::new())?.render(&conversation(), options)
}

/// Templates and parts of their errors.
fn failing_templates() -> Vec<(String, &'static [&'static str])> {
    let namespace = |statement: &str| {
        format!(
            "{{% set ns = namespace(x=[1]) %}}{{% for i in range(90000) %}}{{% set ns.x = {statement} %}}{{% endfor %}}"
        )
    };
    let too_much = &["more work than a chat template may"];
    let too_deep = &["nested deeper than 100 levels"];
    vec![
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}".to_owned(), too_much),
        ("{{ 'a' * 10**9 }}".to_owned(), too_much),
        ("{{ messages|tojson(indent=10**12) }}".to_owned(), too_much),
        (namespace("ns.x ~ ns.x"), too_much),
        (namespace("[ns.x]"), too_deep),
        (namespace("{'a': ns.x}"), too_deep),
        (namespace("dict(a=ns.x)"), too_deep),
        (namespace("ns.x, 1"), too_deep),
        (namespace("ns.x|batch(1)"), too_deep),
        (namespace("ns.x[:] + [1]"), too_much),
        (namespace("namespace(a=ns)"), &["a namespace cannot be part of a value"]),
        // The value has a trillion parts, although it is built in forty steps.
        (format!("{{% set x = [1] %}}{}{{{{ x == [x] }}}}", "{% set x = [x, x] %}".repeat(40)), too_much),
        (format!("{}{{{{ 'a' ~ a }}}}", "{% with a = [a, a] %}".repeat(40)) + &"{% endwith %}".repeat(40), too_much),
        ("{% set a = namespace() %}{% set a.b = a %}{{ a == a }}".to_owned(), &["a namespace cannot be part"]),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}".to_owned(), &["recursion limit"]),
        ("{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}".to_owned(), &["recursion limit"]),
        (format!("{{{{ {}1 }}}}", "(".repeat(900)), &["recursion limits"]),
        (format!("{{{{ {}1 }}}}", "1 + ".repeat(9999)), &["more than 2000 tokens"]),
        ("{% if 1 %}".repeat(9999), &["recursion limits"]),
        ("x".repeat(200_000), &["200000 bytes, expected at most 131072"]),
        ("\n\n{{ messages[0].author.name }}".to_owned(), &["line 3", "undefined value"]),
        ("\n{{ nowhere.name }}".to_owned(), &["line 2", "undefined value"]),
        ("{{ 'a' + nowhere }}".to_owned(), &["line 1", "+"]),
        ("{{ messages|shuffle }}".to_owned(), &["unknown filter", "shuffle"]),
        ("{{ 1 is prime }}".to_owned(), &["unknown test", "prime"]),
        ("{{ open('file') }}".to_owned(), &["unknown function", "open"]),
        ("{{ messages.append(1) }}".to_owned(), &["no method named append"]),
        ("{% include '/etc/passwd' %}".to_owned(), &["unknown statement include"]),
        ("\n{% for m in messages %}".to_owned(), &["unexpected end of input"]),
        ("{% generation %}a".to_owned(), &["unexpected end of input"]),
        ("{% endgeneration %}".to_owned(), &["unknown statement endcall"]),
        ("{{ messages".to_owned(), &["unexpected end of input"]),
        ("{% break %}".to_owned(), &["break"]),
        ("{{ strftime_now('%Q') }}".to_owned(), &["not a format of a date"]),
        ("{{ {}|tojson(indent={}) }}".to_owned(), &["tojson"]),
        ("{% for a in 1, 2 %}{% endfor %}".to_owned(), &["in parentheses"]),
    ]
}

#[test]
fn templates_that_fail_or_never_end_are_errors_that_name_the_file() {
    for (source, parts) in failing_templates() {
        let (start, shown) = (Instant::now(), source.chars().take(80).collect::<String>());
        let error = render(&source, &RenderOptions::default()).expect_err(&shown);
        assert!(matches!(error, Error::ChatTemplate { .. }), "{shown}: {error:?}");
        let message = error.to_string();
        for part in ["model/chat_template.jinja"].iter().chain(parts) {
            assert!(message.contains(part), "{shown}: {message:?} lacks {part:?}");
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{shown}: {:?}", start.elapsed());
    }
}

#[test]
fn a_template_refuses_a_conversation() {
    let error = render("{{ raise_exception('Turns must ' ~ 'alternate') }}", &RenderOptions::default()).unwrap_err();
    assert!(matches!(&error, Error::ChatRefused { message, .. } if message == "Turns must alternate"), "{error:?}");
    assert!(error.to_string().contains("refuses the conversation: Turns must alternate"));
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let named: Map<String, Value> = [("messages".to_owned(), json!([]))].into_iter().collect();
    let object = json!({});
    let default = RenderOptions::default();
    for (options, part) in [
        (
            RenderOptions { add_generation_prompt: true, continue_final_message: true, ..default },
            "continue_final_message",
        ),
        (RenderOptions { tools: Some(&object), ..default }, "tools"),
        (RenderOptions { documents: Some(&object), ..default }, "documents"),
        (RenderOptions { variables: Some(&named), ..default }, "variables"),
    ] {
        let message = render("a", &options).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    let empty = ChatTemplate::new("a", "a", Map::new()).unwrap().render(&[], &default).unwrap_err();
    assert!(empty.to_string().contains("at least one message"));
}

#[test]
fn the_last_message_is_continued_where_it_ends() {
    let options = RenderOptions { continue_final_message: true, ..RenderOptions::default() };
    let source = "{% for m in messages %}<{{ m.content }}>{% endfor %}";
    assert_eq!(render(source, &options).unwrap().text, "<Why?>< Because. ");
    assert_eq!(render(&source.replace("t }}", "t|trim }}"), &options).unwrap().text, "<Why?><Because.");
    for source in ["{{ messages[0].content }}", "{{ messages|length }}", "{{ messages[1].content|upper }}"] {
        let error = render(source, &options).unwrap_err();
        assert!(matches!(error, Error::ContinueFinalMessage { .. }), "{error:?}");
    }
}

#[test]
fn generation_blocks_are_found_in_the_text() {
    let source = "{% for m in messages %}é{{ m.role }}:{% generation %}{{ loop.index }}{{ m.content }}{% endgeneration %};{% endfor %}";
    let chat = render(source, &RenderOptions::default()).unwrap();
    let said: Vec<&str> = chat.assistant_spans.iter().map(|span| &chat.text[span.clone()]).collect();
    assert_eq!(chat.text, "éuser:1Why?;éassistant:2 Because. ;");
    assert_eq!(said, ["1Why?", "2 Because. "]);
    let template = |source| ChatTemplate::new(source, "a", Map::new()).unwrap();
    assert!(template(source).marks_generation() && !template("{# {% generation %} #}").marks_generation());
}

/// The tiny Llama with other files of templates.
fn folder(config: Option<Value>, files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/llama-tiny");
    fs::copy(model.join("tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    let config = config.map_or(json!({}), |template| json!({"chat_template": template}));
    fs::write(folder.path().join("tokenizer_config.json"), config.to_string()).unwrap();
    for (name, text) in files {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn load(folder: &TempDir) -> Result<Tokenizer> {
    Tokenizer::from_pretrained(folder.path())
}

const FILE: (&str, &str) = ("chat_template.jinja", "of the file");
const TOOLS: (&str, &str) = ("additional_chat_templates/tool_use.jinja", "for functions");

#[test]
fn templates_are_picked_as_transformers_picks_them() {
    let list = json!([{"name": "default", "template": "a"}, {"name": "tool_use", "template": "b"}]);
    let tools = json!([{}]);
    for (folder, plain, with_tools) in [
        (folder(Some(json!("of the config")), &[]), "of the config", "of the config"),
        (folder(Some(json!("of the config")), &[FILE]), "of the file", "of the file"),
        (folder(Some(json!("of the config")), &[FILE, TOOLS]), "of the file", "for functions"),
        (folder(Some(list), &[]), "a", "b"),
    ] {
        let tokenizer = load(&folder).unwrap();
        assert_eq!(tokenizer.chat_template(None, None).unwrap().source(), plain);
        assert_eq!(tokenizer.chat_template(None, Some(&tools)).unwrap().source(), with_tools);
        let saved = TempDir::new().unwrap();
        // Files of an earlier tokeniser do not stay.
        fs::write(saved.path().join("chat_template.jinja"), "old").unwrap();
        fs::create_dir(saved.path().join("additional_chat_templates")).unwrap();
        fs::write(saved.path().join("additional_chat_templates/old.jinja"), "old").unwrap();
        tokenizer.save(saved.path(), true).unwrap();
        let saved = load(&saved).unwrap();
        assert_eq!(saved.chat_template(None, None).unwrap().source(), plain);
        assert_eq!(saved.chat_template(None, Some(&tools)).unwrap().source(), with_tools);
        assert!(saved.chat_template(Some("old"), None).is_err());
    }
}

#[test]
fn folders_without_a_usable_template_are_errors() {
    for (config, part) in [
        (json!(5), "chat_template: expected a text, or a list of objects with name and template, found 5"),
        (json!({"default": "a"}), "found an object"),
        (json!([{"name": "a"}]), "entry 1: expected an object with the texts name and template"),
        (json!([{"name": "../../a", "template": "a"}]), "names of files, found \"../../a\""),
    ] {
        let message = load(&folder(Some(config), &[])).unwrap_err().to_string();
        assert!(message.contains("tokenizer_config.json") && message.contains(part), "{message}");
    }
    let named = load(&folder(Some(json!([{"name": "rag", "template": "a"}, {"name": "b", "template": "b"}])), &[]));
    let message = named.unwrap().chat_template(None, None).unwrap_err().to_string();
    assert!(
        message.contains("several chat templates and none is the default: name one of \"rag\", \"b\""),
        "{message}"
    );
    let none = load(&folder(None, &[])).unwrap();
    assert!(!none.has_chat_template());
    let message = none.chat_template(None, None).unwrap_err().to_string();
    assert!(message.contains("no chat template") && message.contains("chat_template.jinja"), "{message}");
    // An invalid template matters only to who uses it.
    let invalid = load(&folder(Some(json!("\n{% if")), &[])).unwrap();
    let message = invalid.chat_template(None, None).unwrap_err().to_string();
    assert!(message.contains("tokenizer_config.json: chat template, line 2"), "{message}");
}

#[test]
fn special_tokens_are_variables() {
    let folder =
        folder(Some(json!("{{ bos_token }}|{{ eos_token }}|{{ image_token }}|{{ pad_token is defined }}")), &[]);
    let config = json!({
        "chat_template": "{{ bos_token }}|{{ eos_token }}|{{ image_token }}|{{ pad_token is defined }}",
        "bos_token": "<|begin_of_text|>", "eos_token": {"__type": "AddedToken", "content": "<|eot_id|>"}, "image_token": "<img>",
    });
    fs::write(folder.path().join("tokenizer_config.json"), config.to_string()).unwrap();
    let tokenizer = load(&folder).unwrap();
    let template = tokenizer.chat_template(None, None).unwrap();
    let text = |options: &RenderOptions<'_>| template.render(&conversation(), options).unwrap().text;
    assert_eq!(text(&RenderOptions::default()), "<|begin_of_text|>|<|eot_id|>|<img>|False");
    let variables: Map<String, Value> = [("bos_token".to_owned(), json!("<s>"))].into_iter().collect();
    let options = RenderOptions { variables: Some(&variables), ..RenderOptions::default() };
    assert_eq!(text(&options), "<s>|<|eot_id|>|<img>|False");
}
