use align_models::LoraConfig;
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
    /// The adapter's options, if one is asked for.
    pub fn config(&self, training: &TrainingConfig) -> Option<LoraConfig> {
        let defaults = LoraConfig::default();
        self.use_peft.then(|| LoraConfig {
            r: self.lora_r.unwrap_or(R),
            lora_alpha: self.lora_alpha.unwrap_or(ALPHA),
            lora_dropout: self.lora_dropout.unwrap_or(if training.disable_dropout { 0.0 } else { DROPOUT }),
            target_modules: self.lora_target_modules.clone().map_or(defaults.target_modules, Into::into),
            modules_to_save: self.lora_modules_to_save.clone().unwrap_or_default(),
            use_rslora: self.use_rslora,
            ..LoraConfig::default()
        })
    }
}
