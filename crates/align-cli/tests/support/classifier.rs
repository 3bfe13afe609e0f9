//! Classifiers with a changed head, made from the tiny DistilBERT.

use align_models::{DistilBert, DistilBertConfig, Parameters, TrainableModel};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Writes a tiny DistilBERT with these labels. Output i of its head is row `rows[i]` of the original head, where row 2 is the sum of the
/// two original rows.
pub fn write_classifier(dir: &Path, rows: &[i64], labels: &[&str], problem_type: Option<&str>) {
    let tiny = super::golden_path("models/distilbert-tiny");
    let tiny = Path::new(&tiny);
    let model = DistilBert::from_pretrained(tiny, Kind::Float, Device::Cpu).unwrap();
    let head = |weight: &Tensor| {
        let sum = weight.sum_dim_intlist(&[0][..], true, Kind::Float);
        Tensor::cat(&[weight, &sum], 0).index_select(0, &Tensor::from_slice(rows))
    };
    let changed = |(name, weight): (&str, &Tensor)| match name {
        "classifier.weight" | "classifier.bias" => (name.to_owned(), head(weight)),
        _ => (name.to_owned(), weight.shallow_clone()),
    };
    let parameters = Parameters::new(model.parameters().iter().map(changed).collect());
    let names = labels.iter().enumerate().map(|(index, name)| (index.to_string(), (*name).to_owned()));
    let mut extra: BTreeMap<String, serde_json::Value> = model.config().extra.clone();
    extra.remove("label2id");
    extra.insert("problem_type".to_owned(), problem_type.into());
    let config = DistilBertConfig { id2label: Some(names.collect()), extra, ..model.config().clone() };
    DistilBert::from_parameters(config, parameters).unwrap().save_pretrained(dir, true).unwrap();
    for name in ["tokenizer.json", "tokenizer_config.json"] {
        fs::copy(tiny.join(name), dir.join(name)).unwrap();
    }
}
