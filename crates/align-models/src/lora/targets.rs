use super::config::require;
use super::matcher::Matcher;
use crate::checkpoint::TensorSpec;
use crate::{Gpt2Config, LoraConfig, Result};
use std::collections::BTreeSet;

/// A linear layer that may be adapted, and how it is.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Its name in transformers: `transformer.h.0.attn.c_attn`.
    pub name: String,
    pub inputs: i64,
    pub outputs: i64,
    /// Its number among all the model's linear layers, adapted or not.
    pub place: u64,
    pub r: i64,
    pub scaling: f64,
}

impl Target {
    /// Names and shapes of its two matrices, `A` and `B`, under PEFT's names.
    pub fn matrices(&self) -> [TensorSpec; 2] {
        let [a, b] = matrix_names(&self.name);
        [TensorSpec::new(a, [self.r, self.inputs]), TensorSpec::new(b, [self.outputs, self.r])]
    }
}

/// What PEFT calls a layer's `A` and `B`.
pub(super) fn matrix_names(layer: &str) -> [String; 2] {
    ["A", "B"].map(|matrix| format!("base_model.model.{layer}.lora_{matrix}.weight"))
}

/// The layers that an adapter's options name, in the checkpoint's order.
///
/// # Errors
/// Options that name no linear layer, or a module that is none.
pub(super) fn targets(config: &LoraConfig, model: &Gpt2Config) -> Result<Vec<Target>> {
    let matcher = Matcher::new(config)?;
    let linear = linear_layers(model);
    if !config.target_modules.is_all_linear() {
        let other = modules(model)
            .into_iter()
            .find(|module| matcher.is_target(module) && !linear.iter().any(|layer| layer.name == *module));
        require("target_modules", other.is_none(), || {
            let module = other.unwrap_or_default();
            format!(
                "names `{module}`: only the blocks' linear layers can have matrices beside them; modules_to_save trains it whole"
            )
        })?;
    }
    let named: Vec<Target> = linear
        .into_iter()
        .filter(|layer| matcher.is_target(&layer.name))
        .map(|layer| Target { r: matcher.rank(&layer.name), scaling: matcher.scaling(&layer.name), ..layer })
        .collect();
    require("target_modules", !named.is_empty(), || {
        format!(
            "names none of this GPT-2's linear layers, {}: c_attn, c_proj (attn.c_proj, mlp.c_proj) or c_fc",
            "with exclude_modules, layers_to_transform and modules_to_save as they are"
        )
    })?;
    Ok(named)
}

/// Refuses what names no layer, and so would be ignored.
pub(super) fn refuse_idle(config: &LoraConfig, targets: &[Target]) -> Result<()> {
    let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    match Matcher::new(config)?.idle(&names) {
        None => Ok(()),
        Some((option, name)) => require(option, false, || {
            format!(
                "names `{name}`, which is none of the adapted layers; a GPT-2's linear layers are c_attn, c_proj (attn.c_proj, \
                 mlp.c_proj) and c_fc"
            )
        }),
    }
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
    layers.map(|((name, inputs, outputs), place)| Target { name, inputs, outputs, place, r: 0, scaling: 0.0 }).collect()
}

/// All modules with weights, and those around them.
fn modules(model: &Gpt2Config) -> BTreeSet<String> {
    let around = |name: &str| {
        name.match_indices('.').filter_map(|(at, _)| name.get(..at).map(str::to_owned)).collect::<Vec<_>>()
    };
    let tensors = model.layout().tensors.into_iter().flat_map(|spec| around(&spec.name));
    tensors.chain(["lm_head".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn named(target_modules: &[&str]) -> Vec<String> {
        let model = Gpt2Config { n_layer: 2, ..Gpt2Config::default() };
        let names: Vec<String> = target_modules.iter().map(|name| (*name).to_owned()).collect();
        let config = LoraConfig { target_modules: names.into(), ..LoraConfig::default() };
        let targets = targets(&config, &model).unwrap();
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
