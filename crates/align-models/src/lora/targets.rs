use super::config::require;
use crate::checkpoint::TensorSpec;
use crate::{Gpt2Config, LoraConfig, Result};
use std::collections::BTreeSet;

/// What PEFT calls all linear layers but the output projection.
const ALL_LINEAR: &str = "all-linear";

/// A linear layer that is adapted.
#[derive(Debug)]
pub(super) struct Target {
    /// Its name in transformers: `transformer.h.0.attn.c_attn`.
    pub name: String,
    pub inputs: i64,
    pub outputs: i64,
    /// Its number among all the model's linear layers, adapted or not.
    pub place: u64,
}

impl Target {
    /// Names and shapes of its two matrices, `A` and `B`, under PEFT's names.
    pub fn matrices(&self, r: i64) -> [TensorSpec; 2] {
        let [a, b] = matrix_names(&self.name);
        [TensorSpec::new(a, [r, self.inputs]), TensorSpec::new(b, [self.outputs, r])]
    }
}

/// What PEFT calls a layer's `A` and `B`.
pub(super) fn matrix_names(layer: &str) -> [String; 2] {
    ["A", "B"].map(|matrix| format!("base_model.model.{layer}.lora_{matrix}.weight"))
}

/// The layers that an adapter's options name, in the checkpoint's order.
pub(super) fn targets(config: &LoraConfig, model: &Gpt2Config) -> Result<Vec<Target>> {
    let all = linear_layers(model);
    if config.target_modules.as_slice() == [ALL_LINEAR] {
        return Ok(all);
    }
    let names: BTreeSet<&str> = config.target_modules.iter().map(String::as_str).collect();
    for name in &names {
        require("target_modules", all.iter().any(|layer| is_named(layer, name)), || {
            format!(
                "names `{name}`, which is none of this GPT-2's linear layers: c_attn, c_proj (attn.c_proj, mlp.c_proj) or c_fc"
            )
        })?;
    }
    Ok(all.into_iter().filter(|layer| names.iter().any(|name| is_named(layer, name))).collect())
}

/// Whether a name is the layer's or the end of it, from a dot on.
fn is_named(layer: &Target, name: &str) -> bool {
    layer.name.strip_suffix(name).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

/// The blocks' linear layers: their weights are the matrices there.
pub(super) fn linear_layers(model: &Gpt2Config) -> Vec<Target> {
    let layer = |spec: TensorSpec| match (spec.name.strip_suffix(".weight"), spec.shape.as_slice()) {
        (Some(name), &[inputs, outputs]) if name.starts_with("transformer.h.") => {
            Some((name.to_owned(), inputs, outputs))
        }
        _ => None,
    };
    let layers = model.layout().tensors.into_iter().filter_map(layer).zip(0..);
    layers.map(|((name, inputs, outputs), place)| Target { name, inputs, outputs, place }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn named(target_modules: &[&str]) -> Vec<String> {
        let model = Gpt2Config { n_layer: 2, ..Gpt2Config::default() };
        let target_modules = target_modules.iter().map(|name| (*name).to_owned()).collect();
        let targets = targets(&LoraConfig { target_modules, ..LoraConfig::default() }, &model).unwrap();
        targets.into_iter().map(|target| target.name.replace("transformer.h.", "")).collect()
    }

    #[test]
    fn a_name_is_that_of_a_layer_or_its_end() {
        assert_eq!(named(&["c_attn", "c_attn"]), ["0.attn.c_attn", "1.attn.c_attn"]);
        assert_eq!(named(&["c_proj"]), ["0.attn.c_proj", "0.mlp.c_proj", "1.attn.c_proj", "1.mlp.c_proj"]);
        assert_eq!(named(&["1.mlp.c_fc", "attn.c_proj"]), ["0.attn.c_proj", "1.attn.c_proj", "1.mlp.c_fc"]);
        assert_eq!(named(&["transformer.h.0.attn.c_attn"]), ["0.attn.c_attn"]);
        assert_eq!(named(&["all-linear"]).len(), 8);
    }
}
