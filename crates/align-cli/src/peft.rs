use crate::{Failure, models};
use align_models::{CausalLm, LoraConfig, LoraModel};
use align_train::TrainingConfig;
use serde::Serialize;

/// TRL's defaults, which are not PEFT's.
const R: i64 = 16;
const ALPHA: f64 = 32.0;
const DROPOUT: f64 = 0.05;

/// Whether an adapter is trained instead of all weights, under TRL's option names.
#[derive(clap::Args, Serialize)]
pub struct PeftOptions {
    /// Train a LoRA adapter beside the model's weights, which stay as they are. It is written in PEFT's format.
    #[arg(long)]
    use_peft: bool,
    /// The adapter's rank [default: 16].
    #[arg(long, requires = "use_peft")]
    lora_r: Option<i64>,
    /// What the adapter counts for: its product is scaled by this over the rank [default: 32].
    #[arg(long, requires = "use_peft")]
    lora_alpha: Option<f64>,
    /// Dropout on what the adapter sees; needs --disable-dropout false [default: 0.05 with it].
    #[arg(long, requires = "use_peft")]
    lora_dropout: Option<f64>,
    /// The layers that are adapted, separated by commas: c_attn, c_proj, attn.c_proj, mlp.c_proj, c_fc, h.0.attn.c_attn, or
    /// all-linear [default: c_attn].
    #[arg(long, requires = "use_peft", value_delimiter = ',', action = clap::ArgAction::Set)]
    lora_target_modules: Option<Vec<String>>,
    /// Modules that are trained whole and saved with the adapter, separated by commas, by the end of their names: wte, lm_head, ln_f.
    #[arg(long, requires = "use_peft", value_delimiter = ',', action = clap::ArgAction::Set)]
    lora_modules_to_save: Option<Vec<String>>,
    /// Scale by lora_alpha over the root of the rank.
    #[arg(long, requires = "use_peft")]
    use_rslora: bool,
}

impl PeftOptions {
    /// The policy on the weights of `base`, the model that an option names.
    pub fn policy(
        &self,
        base: Box<dyn CausalLm>,
        named: Option<&str>,
        training: &TrainingConfig,
    ) -> Result<Box<dyn CausalLm>, Failure> {
        if !self.use_peft {
            return Ok(base);
        }
        if training.disable_dropout && self.lora_dropout.is_some_and(|dropout| dropout > 0.0) {
            return Err(
                "--lora-dropout would be ignored, since --disable-dropout is true: give --disable-dropout false".into(),
            );
        }
        if let Some(base) = LoraConfig::base_of_adapter(&models::folder("--model", named, models::POLICY)?)? {
            let named = named.unwrap_or_default();
            return Err(format!(
                "--model {named} is an adapter of {base}, and --use-peft would put another one on both, whose base model is nowhere: \
                 merge it first, with align merge-adapter --model {base} --adapter {named}"
            )
            .into());
        }
        let defaults = LoraConfig::default();
        let config = LoraConfig {
            r: self.lora_r.unwrap_or(R),
            lora_alpha: self.lora_alpha.unwrap_or(ALPHA),
            lora_dropout: self.lora_dropout.unwrap_or(if training.disable_dropout { 0.0 } else { DROPOUT }),
            target_modules: self.lora_target_modules.clone().map_or(defaults.target_modules, Into::into),
            modules_to_save: self.lora_modules_to_save.clone().unwrap_or_default(),
            use_rslora: self.use_rslora,
            base_model_name_or_path: models::hub_id(named),
            ..LoraConfig::default()
        };
        Ok(Box::new(LoraModel::new(base, config, training.seed)?))
    }
}
