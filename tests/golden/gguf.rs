//! Models and tokenisers are the same after they were written as GGUF files, and the files as folders again.

use crate::golden_dir;
use align_data::Tokenizer;
use align_data::chat::{Message, RenderOptions};
use align_models::{
    Attention, AutoModelForCausalLm, CausalLm, GgufOptions, ModelIdentity, TensorType, TrainableModel, save_gguf,
};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Models whose weights do not change at all. Gemma's norms are stored with 1 added, and rounded.
const EXACT: [&str; 8] = [
    "gpt2-tiny",
    "llama-tiny",
    "llama-tiny-rope3",
    "llama-tiny-linear",
    "llama-tiny-yarn",
    "mistral-tiny",
    "qwen2-tiny",
    "qwen3-tiny",
];

const TEXTS: [&str; 7] = [
    "The film was a joy.",
    "  In 1999,  12345 people   saw it\n\n\tand 3.5% left!  ",
    "caf\u{e9} \u{65e5}\u{672c}\u{8a9e} \u{1f600}\u{1f3ac} na\u{ef}ve don't I'LL",
    "<|im_start|>user\nHello<|im_end|>\n<|eot_id|><start_of_turn>model</s>",
    "x = [i**2 for i in range(10)]  # squares",
    " ",
    "",
];

/// Copies a model's folder. That of a config without weights gets the weights of `llama-tiny`.
fn copied(name: &str, to: &Path) {
    let models = golden_dir().join("models");
    fs::create_dir(to).unwrap();
    let own = models.join(name);
    let folders = if own.join("weights.txt").exists() { vec![models.join("llama-tiny"), own] } else { vec![own] };
    for folder in folders {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            fs::write(to.join(entry.file_name()), fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

fn load(path: &Path) -> Box<dyn CausalLm> {
    AutoModelForCausalLm::from_pretrained(path, Kind::Float, Device::Cpu).unwrap()
}

fn write(model: &dyn CausalLm, tokenizer: &Tokenizer, path: &Path, tensor_type: TensorType) {
    let options = GgufOptions { tensor_type, name: Some("tiny".to_owned()), overwrite: false };
    save_gguf(path, model, &tokenizer.gguf_metadata(model.vocab_size()).unwrap(), &options).unwrap();
}

/// The logits of 60 tokens, more than the windows and original lengths of the models.
fn logits(model: &dyn CausalLm) -> Tensor {
    let ids = (Tensor::arange(60, (Kind::Int64, Device::Cpu)) * 7).remainder(500).unsqueeze(0);
    model.logits(&model.hidden(&ids, None, &Attention::Causal, None).unwrap()).unwrap()
}

fn difference(one: &Tensor, other: &Tensor) -> f64 {
    (one - other).abs().max().double_value(&[])
}

fn assert_same_tokenizer(found: &Tokenizer, expected: &Tokenizer, what: &str) {
    for text in TEXTS {
        for special in [false, true] {
            let ids = |tokenizer: &Tokenizer| tokenizer.encode(text, special).unwrap();
            assert_eq!(ids(found), ids(expected), "{what}: {text:?}");
            assert_eq!(found.decode(&ids(found), false).unwrap(), expected.decode(&ids(expected), false).unwrap());
        }
    }
    let ends = |tokenizer: &Tokenizer| (tokenizer.eos_token_id(), tokenizer.pad_token_id());
    assert_eq!(ends(found), ends(expected), "{what}");
    // A tokeniser without BOS gets that of the model's config.
    assert!(expected.bos_token_id().is_none_or(|id| found.bos_token_id() == Some(id)), "{what}");
    assert_eq!(found.has_chat_template(), expected.has_chat_template(), "{what}");
    if expected.has_chat_template() {
        let messages = [Message::new("user", "Hello"), Message::new("assistant", "Good day.")];
        let text = |tokenizer: &Tokenizer| {
            let template = tokenizer.chat_template(None, None).unwrap();
            template.render(&messages, &RenderOptions::default()).unwrap().text
        };
        assert_eq!(text(found), text(expected), "{what}");
    }
}

#[test]
fn folder_to_gguf_to_folder() {
    let scratch = tempfile::tempdir().unwrap();
    for name in EXACT {
        let (folder, file, back) = (
            scratch.path().join(name),
            scratch.path().join(format!("{name}.gguf")),
            scratch.path().join(format!("{name}-back")),
        );
        copied(name, &folder);
        let (model, tokenizer) = (load(&folder), Tokenizer::from_pretrained(&folder).unwrap());
        write(&*model, &tokenizer, &file, TensorType::F32);

        let (read, its_tokenizer) = (load(&file), Tokenizer::from_pretrained(&file).unwrap());
        assert_eq!(difference(&logits(&*read), &logits(&*model)), 0.0, "{name}");
        let weights = |model: &dyn CausalLm| ModelIdentity::of(model).unwrap().weights;
        assert_eq!(weights(&*read), weights(&*model), "{name}");
        assert_same_tokenizer(&its_tokenizer, &tokenizer, name);
        let ends = |model: &dyn CausalLm| {
            let mut ids = model.eos_token_ids().to_vec();
            ids.sort_unstable();
            ids
        };
        assert_eq!((read.bos_token_id(), ends(&*read)), (model.bos_token_id(), ends(&*model)), "{name}");

        fs::create_dir(&back).unwrap();
        read.save_pretrained(&back, false).unwrap();
        its_tokenizer.save(&back, false).unwrap();
        assert_eq!(difference(&logits(&*load(&back)), &logits(&*model)), 0.0, "{name}");
        assert_same_tokenizer(&Tokenizer::from_pretrained(&back).unwrap(), &tokenizer, name);
    }
}

#[test]
fn gemma_with_what_llama_cpp_computes() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, layer_types) in
        [("gemma2-tiny", ["sliding_attention", "full_attention"]), ("gemma3-tiny", ["sliding_attention"; 2])]
    {
        let folder = scratch.path().join(name);
        copied(name, &folder);
        let tokenizer = Tokenizer::from_pretrained(&folder).unwrap();
        let file = scratch.path().join(format!("{name}.gguf"));
        let model = load(&folder);
        let options = GgufOptions { tensor_type: TensorType::F32, name: None, overwrite: false };
        let metadata = tokenizer.gguf_metadata(model.vocab_size()).unwrap();
        let problem = save_gguf(&file, &*model, &metadata, &options).unwrap_err().to_string();
        assert!(problem.contains("query_pre_attn_scalar") && !file.exists(), "{problem}");

        let path = folder.join("config.json");
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        config["query_pre_attn_scalar"] = config["head_dim"].clone();
        config["layer_types"] = json!(layer_types);
        fs::write(&path, config.to_string()).unwrap();
        let model = load(&folder);
        write(&*model, &tokenizer, &file, TensorType::F32);
        let off = difference(&logits(&*load(&file)), &logits(&*model));
        assert!(off < 1e-5, "{name}: {off}");
        assert_same_tokenizer(&Tokenizer::from_pretrained(&file).unwrap(), &tokenizer, name);
    }
}

#[test]
fn smaller_types() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = golden_dir().join("models/llama-tiny");
    let (model, tokenizer) = (load(&folder), Tokenizer::from_pretrained(&folder).unwrap());
    let expected = logits(&*model);
    let spread = expected.std(true).double_value(&[]);
    let mut sizes = Vec::new();
    // The weights are those of a bfloat16 file. float16 has a smaller range, and 8 bits fewer steps.
    for (tensor_type, least, most) in
        [(TensorType::BF16, 0.0, 0.0), (TensorType::F16, 0.0, 1e-3), (TensorType::Q8_0, 1e-5, 0.1)]
    {
        let file = scratch.path().join(format!("{tensor_type}.gguf"));
        write(&*model, &tokenizer, &file, tensor_type);
        let off = difference(&logits(&*load(&file)), &expected) / spread;
        assert!((least..=most).contains(&off), "{tensor_type}: {off}");
        sizes.push(fs::metadata(&file).unwrap().len());
    }
    assert!(sizes[0] == sizes[1] && sizes[2] < sizes[0], "{sizes:?}");
}

#[test]
fn what_gguf_cannot_express_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, reason) in [("llama-tiny-dynamic", "rope_type \"dynamic\""), ("llama-tiny-yarn-set", "attention_factor")]
    {
        let folder = scratch.path().join(name);
        copied(name, &folder);
        let model = load(&folder);
        let metadata = Tokenizer::from_pretrained(&folder).unwrap().gguf_metadata(model.vocab_size()).unwrap();
        let options = GgufOptions { tensor_type: TensorType::F32, name: None, overwrite: false };
        let file = scratch.path().join("model.gguf");
        let problem = save_gguf(&file, &*model, &metadata, &options).unwrap_err().to_string();
        assert!(problem.contains(reason) && !file.exists(), "{problem}");
    }
}

/// transformers writes such a tokeniser when it reads a GGUF file: byte fallback and a normaliser without steps, which have no effect.
#[test]
fn a_byte_level_tokeniser_with_settings_that_have_no_effect() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("model");
    copied("gpt2-tiny", &folder);
    let (model, plain) = (load(&folder), Tokenizer::from_pretrained(&folder).unwrap());
    let file = folder.join("tokenizer.json");
    let mut document: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    document["normalizer"] = json!({"type": "Sequence", "normalizers": []});
    document["model"]["byte_fallback"] = json!(true);
    fs::write(&file, document.to_string()).unwrap();
    let path = scratch.path().join("model.gguf");
    write(&*model, &Tokenizer::from_pretrained(&folder).unwrap(), &path, TensorType::F32);
    assert_same_tokenizer(&Tokenizer::from_pretrained(&path).unwrap(), &plain, "gpt2-tiny");
}
