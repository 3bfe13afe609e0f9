//! The placeholders and defaults of values in `--help`: `--beta <NUMBER>`, `[default: 0.1]`.

use clap::Arg;
use std::any::TypeId;
use std::path::PathBuf;

/// Gives an option a short placeholder for its type, unless it has a placeholder other than its own name.
pub fn assign(option: Arg) -> Arg {
    let id = option.get_id().to_string();
    let own_name = id.to_uppercase();
    let is_default = option.get_value_names().is_none_or(|names| names.iter().all(|name| *name == own_name));
    if !option.get_action().takes_values() || !is_default {
        return option;
    }
    let Some(name) = placeholder(&option, &id) else { return option };
    let is_list = option.get_value_delimiter().is_some();
    let option = option.value_name(if is_list { format!("{name},..") } else { name.to_owned() });
    // The placeholder of a boolean names its values already.
    if name == BOOL { option.hide_possible_values(true) } else { option }
}

/// Puts the default value at the end of the help text, where clap's long help would spend two lines on it.
pub fn with_default(option: Arg) -> Arg {
    let values: Vec<String> =
        option.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let Some(help) = option.get_help().filter(|_| !values.is_empty() && option.get_action().takes_values()) else {
        return option;
    };
    let help = format!("{help} [default: {}]", values.join(","));
    option.help(help).hide_default_value(true)
}

const BOOL: &str = "true|false";

fn placeholder(option: &Arg, id: &str) -> Option<&'static str> {
    let type_id = option.get_value_parser().type_id();
    let is_folder = id.ends_with("dir") || ["model", "adapter"].contains(&id);
    match id {
        _ if type_id == TypeId::of::<bool>() => Some(BOOL),
        _ if type_id == TypeId::of::<f64>() => Some("NUMBER"),
        _ if [TypeId::of::<usize>(), TypeId::of::<u64>(), TypeId::of::<i64>()].into_iter().any(|n| type_id == n) => {
            Some("N")
        }
        _ if type_id == TypeId::of::<PathBuf>() => Some(if is_folder { "DIR" } else { "FILE" }),
        "model" | "ref_model" | "reward_model" | "tokenizer" | "embedder" => Some("MODEL"),
        "hub_model_id" => Some("USER/NAME"),
        "prompt" => Some("TEXT"),
        "lora_target_modules" | "lora_modules_to_save" | "loss_type" | "losses" | "metric_for_best_model" => {
            Some("NAME")
        }
        "betas_for" => Some("LOSS=NUMBER,.."),
        _ if !option.get_possible_values().is_empty() => Some("NAME"),
        _ => None,
    }
}
