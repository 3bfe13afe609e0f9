use crate::file_name;
use crate::{HubError, ModelName, Result};
use std::collections::BTreeSet;

/// A model's config and tokeniser files.
const SMALL_FILES: [&str; 10] = [
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
/// The possible weight files in order of preference, and whether each is an index.
const WEIGHTS: [(&str, bool); 4] = [
    ("model.safetensors", false),
    ("model.safetensors.index.json", true),
    ("pytorch_model.bin", false),
    ("pytorch_model.bin.index.json", true),
];

/// The config of an adapter-only repository, and its possible weight files.
const ADAPTER: &str = "adapter_config.json";
const ADAPTER_WEIGHTS: [(&str, bool); 2] = [("adapter_model.safetensors", false), ("adapter_model.bin", false)];

/// A model's files in a repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// All files except the weights.
    pub small_files: Vec<String>,
    /// The weights, or their index.
    pub weights: &'static str,
    /// Whether `weights` is an index.
    pub is_index: bool,
}

/// Selects a model's files from the available ones.
pub(crate) fn select(model: &ModelName, available: &BTreeSet<String>) -> Result<Selection> {
    let not_a_model = |missing| {
        let found = file_name::format_list(available.iter().map(String::as_str));
        HubError::NotAModel { model: model.to_string(), missing, found }
    };
    let adapter = !available.contains("config.json") && available.contains(ADAPTER);
    if !adapter && !available.contains("config.json") {
        return Err(not_a_model("config.json"));
    }
    let weights = if adapter { &ADAPTER_WEIGHTS[..] } else { &WEIGHTS };
    let weights = weights.iter().copied().find(|(name, _)| available.contains(*name));
    let (weights, is_index) = weights
        .ok_or_else(|| not_a_model("weights (model.safetensors or pytorch_model.bin, in one file or sharded)"))?;
    let small_files = SMALL_FILES
        .into_iter()
        .chain(Some(ADAPTER).filter(|_| adapter))
        .filter(|name| available.contains(*name))
        .map(str::to_owned)
        .collect();
    Ok(Selection { small_files, weights, is_index })
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
        assert_eq!(found.small_files, ["config.json", "merges.txt"]);
        assert_eq!((found.weights, found.is_index), ("model.safetensors", false));
        let sharded = chosen(&["config.json", "model.safetensors.index.json", "pytorch_model.bin"]).unwrap();
        assert_eq!((sharded.weights, sharded.is_index), ("model.safetensors.index.json", true));
    }

    #[test]
    fn an_adapter_without_a_model_is_accepted() {
        let names =
            ["README.md", "adapter_config.json", "adapter_model.bin", "adapter_model.safetensors", "vocab.json"];
        let found = chosen(&names).unwrap();
        assert_eq!(found.small_files, ["vocab.json", "adapter_config.json"]);
        assert_eq!(found.weights, "adapter_model.safetensors");
        let both =
            chosen(&["config.json", "model.safetensors", "adapter_config.json", "adapter_model.safetensors"]).unwrap();
        assert_eq!((both.small_files, both.weights), (vec!["config.json".to_owned()], "model.safetensors"));
    }

    #[test]
    fn a_missing_model_error_lists_the_files() {
        let error = chosen(&["README.md", "model.safetensors"]).unwrap_err().to_string();
        assert!(error.contains("has no config.json") && error.contains("README.md, model.safetensors"), "{error}");
        let error = chosen(&["config.json", "tf_model.h5"]).unwrap_err().to_string();
        assert!(error.contains("has no weights") && error.contains("tf_model.h5"), "{error}");
    }
}
