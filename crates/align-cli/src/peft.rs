use align_models::LoraConfig;
use align_train::TrainingConfig;
use serde::Serialize;

/// TRL's defaults, which differ from PEFT's.
const R: i64 = 16;
const ALPHA: f64 = 32.0;
const DROPOUT: f64 = 0.05;

/// LoRA options, named as in TRL.
#[derive(clap::Args, Serialize)]
pub struct PeftOptions {
    /// Train a LoRA adapter and leave the model's weights frozen. The adapter is written in PEFT's format.
    #[arg(long)]
    use_peft: bool,
    /// LoRA rank [default: 16].
    #[arg(long, requires = "use_peft")]
    lora_r: Option<i64>,
    /// LoRA scaling: the adapter's output is multiplied by lora_alpha / lora_r [default: 32].
    #[arg(long, requires = "use_peft")]
    lora_alpha: Option<f64>,
    /// Dropout on the adapter's input; needs --disable-dropout false, and is 0.05 then by default.
    #[arg(long, requires = "use_peft")]
    lora_dropout: Option<f64>,
    /// Comma-separated names of the layers to adapt, such as q_proj, down_proj, or c_attn and mlp.c_proj for GPT-2, or all-linear
    /// [default: as PEFT, q_proj and v_proj, or c_attn for GPT-2].
    #[arg(long, requires = "use_peft", value_delimiter = ',', action = clap::ArgAction::Set)]
    lora_target_modules: Option<Vec<String>>,
    /// Comma-separated names of modules to train in full and save with the adapter, such as wte, lm_head or ln_f.
    #[arg(long, requires = "use_peft", value_delimiter = ',', action = clap::ArgAction::Set)]
    lora_modules_to_save: Option<Vec<String>>,
    /// Rank-stabilised LoRA: scale by lora_alpha / sqrt(lora_r) instead.
    #[arg(long, requires = "use_peft")]
    use_rslora: bool,
}

impl PeftOptions {
    /// The adapter's configuration, if --use-peft is given.
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
