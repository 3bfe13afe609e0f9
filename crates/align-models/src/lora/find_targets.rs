use super::lora_base::{LoraBase, kinds_of_layers};
use super::matcher::Matcher;
use super::require::require;
use super::target::Target;
use crate::linear_layer_info::LinearLayerInfo;
use crate::{LoraConfig, Result};

/// Finds the layers that match the options of an adapter, in the order of the checkpoint.
///
/// # Errors
/// The options match no linear layer, or match a module that is not a linear layer.
pub(super) fn targets(config: &LoraConfig, base: &LoraBase) -> Result<Vec<Target>> {
    let matcher = Matcher::new(config)?;
    let linear = base.adaptable.linear_layers();
    if !config.target_modules.is_all_linear() {
        let is_linear = |module: &String| linear.iter().any(|layer| layer.name == *module);
        let other = base.modules().into_iter().find(|module| matcher.is_target(module) && !is_linear(module));
        require("target_modules", other.is_none(), || {
            let module = other.unwrap_or_default();
            format!(
                "names `{module}`, but only the linear layers of the blocks can have an adapter: use modules_to_save to train it fully"
            )
        })?;
    }
    let kinds = kinds_of_layers(&linear);
    let named = |(layer, layer_index): (LinearLayerInfo, u64)| {
        let (r, scaling) = (matcher.rank(&layer.name), matcher.scaling(&layer.name));
        matcher.is_target(&layer.name).then_some(Target { layer, layer_index, r, scaling })
    };
    let targets: Vec<Target> = linear.into_iter().zip(0..).filter_map(named).collect();
    require("target_modules", !targets.is_empty(), || {
        format!(
            "matches none of the model's linear layers, given exclude_modules, layers_to_transform and modules_to_save; a block has \
             {kinds}"
        )
    })?;
    Ok(targets)
}

/// Whether the weights of the targets are stored as `(in, out)`.
///
/// # Errors
/// The option contradicts the model.
pub(super) fn fan_in_fan_out(config: &LoraConfig, targets: &[Target]) -> Result<bool> {
    let transposed = targets.iter().any(|target| target.layer.transposed);
    require("fan_in_fan_out", config.fan_in_fan_out.is_none_or(|given| given == transposed), || {
        let order = if transposed { "(in, out)" } else { "(out, in)" };
        format!("is {}, but the model's linear layers are stored as {order}: unset it", !transposed)
    })?;
    Ok(transposed)
}

/// Fails if a name or pattern matches no adapted layer, and so has no effect.
pub(super) fn reject_unused_names(config: &LoraConfig, targets: &[Target], base: &LoraBase) -> Result<()> {
    let names: Vec<&str> = targets.iter().map(|target| target.layer.name.as_str()).collect();
    match Matcher::new(config)?.unused_name(&names) {
        None => Ok(()),
        Some((option, name)) => require(option, false, || {
            let kinds = kinds_of_layers(&base.adaptable.linear_layers());
            format!(
                "names `{name}`, which matches none of the adapted layers; the linear layers of a block are {kinds}"
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Gpt2, Gpt2Config};
    use tch::{Device, Kind};

    fn named(target_modules: &[&str]) -> Vec<String> {
        let config = Gpt2Config {
            n_layer: 2,
            n_embd: 4,
            n_head: 2,
            vocab_size: 5,
            bos_token_id: None,
            eos_token_id: None,
            ..Gpt2Config::default()
        };
        let model = Gpt2::new_random(config, 1, Kind::Float, Device::Cpu).unwrap();
        let names: Vec<String> = target_modules.iter().map(|name| (*name).to_owned()).collect();
        let config = LoraConfig { target_modules: names.into(), ..LoraConfig::default() };
        let targets = targets(&config, &LoraBase::new(&model).unwrap()).unwrap();
        targets.into_iter().map(|target| target.layer.name.replace("transformer.h.", "")).collect()
    }

    #[test]
    fn names_match_whole_names_or_suffixes() {
        assert_eq!(named(&["c_attn", "c_attn"]), ["0.attn.c_attn", "1.attn.c_attn"]);
        assert_eq!(named(&["c_proj"]), ["0.attn.c_proj", "0.mlp.c_proj", "1.attn.c_proj", "1.mlp.c_proj"]);
        assert_eq!(named(&["1.mlp.c_fc", "attn.c_proj"]), ["0.attn.c_proj", "1.attn.c_proj", "1.mlp.c_fc"]);
        assert_eq!(named(&["transformer.h.0.attn.c_attn"]), ["0.attn.c_attn"]);
        assert_eq!(named(&["all-linear"]).len(), 8);
    }
}
