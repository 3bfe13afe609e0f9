use crate::file_name;
use crate::{HubError, ModelName, Result};
use std::collections::BTreeSet;

/// What a model needs, or may have, besides its weights.
const SMALL: [&str; 10] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "chat_template.jinja",
];
/// The weights' possible files, best first, and whether it is an index of them.
const WEIGHTS: [(&str, bool); 4] = [
    ("model.safetensors", false),
    ("model.safetensors.index.json", true),
    ("pytorch_model.bin", false),
    ("pytorch_model.bin.index.json", true),
];

/// What an adapter without a model has in the place of `config.json`, and its weights' possible files.
const ADAPTER: &str = "adapter_config.json";
const ADAPTER_WEIGHTS: [(&str, bool); 2] = [("adapter_model.safetensors", false), ("adapter_model.bin", false)];

/// The files of a repository that make up its model.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Everything but the weights.
    pub small: Vec<String>,
    /// The weights, or the index that names them.
    pub weights: &'static str,
    /// Whether `weights` is an index.
    pub is_index: bool,
}

/// Chooses from the files that are there.
pub(crate) fn select(model: &ModelName, there: &BTreeSet<String>) -> Result<Selection> {
    let lacking = |lacks| {
        let there = file_name::listed(there.iter().map(String::as_str));
        HubError::NotAModel { model: model.to_string(), lacks, there }
    };
    let adapter = !there.contains("config.json") && there.contains(ADAPTER);
    if !adapter && !there.contains("config.json") {
        return Err(lacking("config.json"));
    }
    let weights = if adapter { &ADAPTER_WEIGHTS[..] } else { &WEIGHTS };
    let weights = weights.iter().copied().find(|(name, _)| there.contains(*name));
    let (weights, is_index) =
        weights.ok_or_else(|| lacking("weights (model.safetensors or pytorch_model.bin, whole or with an index)"))?;
    let small = SMALL
        .into_iter()
        .chain(Some(ADAPTER).filter(|_| adapter))
        .filter(|name| there.contains(*name))
        .map(str::to_owned)
        .collect();
    Ok(Selection { small, weights, is_index })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn chosen(names: &[&str]) -> Result<Selection> {
        select(&"user/name".parse().unwrap(), &names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn the_best_weights_and_only_what_is_needed() {
        let all = ["README.md", "config.json", "merges.txt", "model.safetensors", "pytorch_model.bin", "tf_model.h5"];
        let found = chosen(&all).unwrap();
        assert_eq!(found.small, ["config.json", "merges.txt"]);
        assert_eq!((found.weights, found.is_index), ("model.safetensors", false));
        let sharded = chosen(&["config.json", "model.safetensors.index.json", "pytorch_model.bin"]).unwrap();
        assert_eq!((sharded.weights, sharded.is_index), ("model.safetensors.index.json", true));
    }

    #[test]
    fn an_adapter_alone_is_a_model_too() {
        let names =
            ["README.md", "adapter_config.json", "adapter_model.bin", "adapter_model.safetensors", "vocab.json"];
        let found = chosen(&names).unwrap();
        assert_eq!(found.small, ["vocab.json", "adapter_config.json"]);
        assert_eq!(found.weights, "adapter_model.safetensors");
        let both =
            chosen(&["config.json", "model.safetensors", "adapter_config.json", "adapter_model.safetensors"]).unwrap();
        assert_eq!((both.small, both.weights), (vec!["config.json".to_owned()], "model.safetensors"));
    }

    #[test]
    fn no_model_says_what_is_there() {
        let error = chosen(&["README.md", "model.safetensors"]).unwrap_err().to_string();
        assert!(error.contains("holds no config.json") && error.contains("README.md, model.safetensors"), "{error}");
        let error = chosen(&["config.json", "tf_model.h5"]).unwrap_err().to_string();
        assert!(error.contains("holds no weights") && error.contains("tf_model.h5"), "{error}");
    }
}
