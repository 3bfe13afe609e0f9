//! Models by their folders: `model_type` says which they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::{
    Attention, AutoModel, AutoModelForCausalLm, AutoModelForSequenceClassification, CausalLm, DistilBert, Gpt2,
    LoraConfig, LoraModel, SequenceClassifier, TrainableModel,
};
use serde_json::json;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models").join(name)
}

fn causal(dir: &Path) -> align_models::Result<Box<dyn CausalLm>> {
    AutoModelForCausalLm::from_pretrained(dir, Kind::Float, Device::Cpu)
}

fn classifier(dir: &Path) -> align_models::Result<Box<dyn SequenceClassifier>> {
    AutoModelForSequenceClassification::from_pretrained(dir, Kind::Float, Device::Cpu)
}

fn logits(model: &dyn CausalLm) -> Tensor {
    let ids = Tensor::from_slice(&[5i64, 17, 400, 81]).view([1, 4]);
    model.logits(&model.hidden(&ids, None, &Attention::Causal, None).unwrap()).unwrap()
}

#[test]
fn a_folder_gives_its_own_model() {
    let gpt2 = Gpt2::from_pretrained(&kept("gpt2-tiny"), Kind::Float, Device::Cpu).unwrap();
    assert!(logits(&causal(&kept("gpt2-tiny")).unwrap()).equal(&logits(&gpt2)));

    let distilbert = DistilBert::from_pretrained(&kept("distilbert-tiny"), Kind::Float, Device::Cpu).unwrap();
    let found = classifier(&kept("distilbert-tiny")).unwrap();
    let texts = [vec![5i64, 7, 9], vec![3]];
    assert_eq!(found.classify(&texts, 2, &mut |_| ()).unwrap(), distilbert.classify(&texts, 2, &mut |_| ()).unwrap());
    assert_eq!(found.vocab_size(), distilbert.config().vocab_size);
    let labels = AutoModelForSequenceClassification::labels(&kept("distilbert-tiny")).unwrap();
    assert_eq!(labels.names(), found.labels().unwrap().names());

    let any = |name| AutoModel::from_pretrained(&kept(name), Kind::Float, Device::Cpu).unwrap();
    assert!(matches!(any("gpt2-tiny"), AutoModel::CausalLm(_)));
    assert!(matches!(any("distilbert-tiny"), AutoModel::SequenceClassification(_)));
    assert_eq!(any("gpt2-tiny").model().parameters().len(), gpt2.parameters().len());
}

#[test]
fn what_is_not_known_is_refused_with_what_is() {
    let dir = tempfile::tempdir().unwrap();
    let says = |config: serde_json::Value, parts: &[&str]| {
        std::fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
        let problem = causal(dir.path()).unwrap_err().to_string();
        assert!(parts.iter().all(|part| problem.contains(part)), "{problem}");
    };
    says(
        json!({"model_type": "mamba"}),
        &["config.json", "\"mamba\"", "; \"gpt2\", \"llama\", ", " or \"gemma3_text\" was expected"],
    );
    says(
        json!({"model_type": "distilbert"}),
        &["\"distilbert\", a classifier, but a language model is needed", "\"gpt2\", \"llama\", "],
    );
    says(json!({}), &["config.json", "model_type"]);
    says(json!([]), &["config.json", "is not a config"]);
    let problem = classifier(&kept("gpt2-tiny")).unwrap_err().to_string();
    for part in ["config.json", "GPT2LMHeadModel", "a classifier or reward model is needed", "align reward"] {
        assert!(problem.contains(part), "{problem}");
    }
    let problem = causal(&dir.path().join("nowhere")).unwrap_err().to_string();
    assert!(problem.contains("nowhere"), "{problem}");
}

#[test]
fn an_adapter_alone_is_merged_into_the_base_that_it_names() {
    let base = || causal(&kept("gpt2-tiny")).unwrap();
    let adapter_of = |base_model: &Path| {
        let name = base_model.to_str().unwrap().to_owned();
        LoraModel::new(base(), LoraConfig { base_model_name_or_path: Some(name), ..LoraConfig::default() }, 3).unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let model = adapter_of(&kept("gpt2-tiny"));
    for (_, b) in model.parameters().iter().filter(|(name, _)| name.contains("lora_B")) {
        let _ = b.shallow_clone().fill_(0.01);
    }
    model.save_pretrained(dir.path(), false).unwrap();
    let found = causal(dir.path()).unwrap();
    let apart = (logits(&found) - logits(&model)).abs().max().double_value(&[]);
    assert!(apart < 1e-5 && found.frozen_parameters().is_none(), "{apart}");
    let problem = AutoModel::from_pretrained(dir.path(), Kind::Float, Device::Cpu).unwrap_err().to_string();
    assert!(problem.contains("holds only an adapter"), "{problem}");

    // An adapter of an adapter, and one of itself, have no base.
    let second = tempfile::tempdir().unwrap();
    adapter_of(dir.path()).save_pretrained(second.path(), false).unwrap();
    let problem = causal(second.path()).unwrap_err().to_string();
    assert!(problem.contains("holds only an adapter"), "{problem}");
    adapter_of(second.path()).save_pretrained(second.path(), true).unwrap();
    assert!(causal(second.path()).unwrap_err().to_string().contains("holds only an adapter"));
}
