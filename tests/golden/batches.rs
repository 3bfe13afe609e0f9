//! Compares tokenisers, encoded pairs and padded batches with transformers and TRL.

use crate::{golden_dir, read_json};
use align_data::{CompletionBatch, EncodeOptions, EncodedPair, PreferencePairs, Tokenizer, encode_pairs};
use serde_json::Value;
use tch::Tensor;

fn tokenizer(model: &str) -> Tokenizer {
    Tokenizer::from_pretrained(golden_dir().join("models").join(model)).unwrap()
}

fn ints(value: &Value) -> Vec<i64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn matrix(value: &Value) -> Vec<Vec<i64>> {
    serde_json::from_value(value.clone()).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

fn rows(tensor: &Tensor) -> Vec<Vec<i64>> {
    Vec::<Vec<i64>>::try_from(tensor).unwrap()
}

/// The first batch of every run of TRL's `DPOTrainer`, from the same file of pairs.
#[test]
fn first_batches_are_those_of_trl() {
    let pairs = PreferencePairs::read(golden_dir().join("train.jsonl")).unwrap().into_rows();
    let train = read_json("train.json");
    let runs: Vec<&Value> =
        train["runs"].as_array().unwrap().iter().filter(|run| run.get("trainer").is_none()).collect();
    assert!(!runs.is_empty());
    for model in ["gpt2-tiny", "gpt2-tiny-bin-zip"] {
        let tokenizer = tokenizer(model);
        for run in &runs {
            let max_length = run["config"]["max_length"].as_u64().map(|length| length as usize);
            let options = EncodeOptions { max_length, ..EncodeOptions::default() };
            let encoded = encode_pairs(&tokenizer, &pairs, &options).unwrap();
            let size = run["config"]["per_device_train_batch_size"].as_u64().unwrap() as usize;
            let first: Vec<&EncodedPair> = encoded.pairs.iter().take(size).collect();
            let batch = CompletionBatch::of_pairs(&first, tokenizer.pad_token_id().unwrap()).unwrap();
            let expected = &run["first_batch"];
            assert_eq!(rows(&batch.input_ids), matrix(&expected["input_ids"]), "{model} {}", run["name"]);
            assert_eq!(rows(&batch.attention_mask), matrix(&expected["attention_mask"]), "{model} {}", run["name"]);
            assert_eq!(rows(&batch.completion_mask), matrix(&expected["completion_mask"]), "{model} {}", run["name"]);
        }
    }
}

/// BERT's tokeniser from `tokenizer.json` and from `vocab.txt` only, with truncation to the model's length.
#[test]
fn distilbert_ids_are_those_of_tokenizers() {
    let expected = read_json("distilbert.json");
    let texts = strings(&expected["texts"]);
    let ids = matrix(&expected["input_ids"]);
    let max_length = expected["max_length"].as_u64().map(|length| length as usize);
    for model in ["distilbert-tiny", "distilbert-tiny-bin-legacy"] {
        let tokenizer = tokenizer(model);
        assert_eq!(tokenizer.encode_batch(&texts, true, max_length).unwrap(), ids, "{model}");
        for (text, ids) in texts.iter().zip(&ids).filter(|(_, ids)| ids.len() < max_length.unwrap()) {
            assert_eq!(&tokenizer.encode(text, true).unwrap(), ids, "{model}: {text:?}");
        }
    }
}

/// GPT-2's tokeniser from `tokenizer.json` and from `vocab.json` and `merges.txt`: encoding and decoding.
#[test]
fn gpt2_prompts_and_texts_are_those_of_transformers() {
    let expected = read_json("generate.json");
    for model in ["gpt2-tiny", "gpt2-tiny-bin-zip"] {
        let tokenizer = tokenizer(model);
        for case in expected["cases"].as_array().unwrap() {
            let ids = tokenizer.encode_batch(&strings(&case["prompts"]), true, None).unwrap();
            let padded = align_data::left_pad(&ids, tokenizer.pad_token_id().unwrap()).unwrap();
            assert_eq!(rows(&padded.input_ids), matrix(&case["input_ids"]), "{model} {}", case["config"]);
            assert_eq!(rows(&padded.attention_mask), matrix(&case["attention_mask"]), "{model} {}", case["config"]);
            let texts = tokenizer.decode_batch(&matrix(&case["sequences"]), true).unwrap();
            assert_eq!(texts, strings(&case["texts"]), "{model} {}", case["config"]);
        }
    }
}

/// The ids of the prompts and completions in `gpt2_logits.json`.
#[test]
fn gpt2_prompt_ids_are_those_of_transformers() {
    let expected = read_json("gpt2_logits.json");
    let tokenizer = tokenizer("gpt2-tiny-bin-legacy");
    for pair in expected["sequence_logps"].as_array().unwrap() {
        let prompt = pair["prompt"].as_str().unwrap();
        assert_eq!(tokenizer.encode(prompt, false).unwrap(), ints(&pair["prompt_ids"]));
        assert_eq!(ints(&pair["completion_ids"]).last().copied(), tokenizer.eos_token_id());
    }
}

/// A tokeniser written by `save` gives the same ids and special tokens, without the original files.
#[test]
fn saved_tokenizers_are_read_back() {
    let texts = strings(&read_json("distilbert.json")["texts"]);
    for model in ["gpt2-tiny", "gpt2-tiny-bin-zip", "distilbert-tiny", "distilbert-tiny-bin-legacy"] {
        let original = tokenizer(model);
        let folder = tempfile::tempdir().unwrap();
        original.save(folder.path(), false).unwrap();
        let again = Tokenizer::from_pretrained(folder.path()).unwrap();
        assert_eq!(again.special_tokens(), original.special_tokens(), "{model}");
        assert_eq!(again.model_max_length(), original.model_max_length(), "{model}");
        assert_eq!(again.vocab_size(), original.vocab_size(), "{model}");
        let ids = original.encode_batch(&texts, true, None).unwrap();
        assert_eq!(again.encode_batch(&texts, true, None).unwrap(), ids, "{model}");
        assert_eq!(again.decode_batch(&ids, true).unwrap(), original.decode_batch(&ids, true).unwrap(), "{model}");
        assert!(original.save(folder.path(), false).is_err(), "{model}: an existing tokeniser was overwritten");
        original.save(folder.path(), true).unwrap();
    }
}
