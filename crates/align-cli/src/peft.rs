use crate::usage::UsageError;
use crate::{Failure, log, models};
use align_models::LoraConfig;
use align_train::TrainingConfig;
use align_train::run::Peft;
use serde::Serialize;

/// TRL's defaults, which differ from PEFT's.
const R: i64 = 16;
const ALPHA: f64 = 32.0;
const DROPOUT: f64 = 0.05;

/// LoRA options, named as in TRL.
#[derive(clap::Args, Serialize)]
pub struct PeftOptions {
    /// Train a LoRA adapter and leave the model's weights frozen. If --model is an adapter's folder, that adapter is trained further with
    /// its own options; without --use-peft it is merged, and all weights are trained. An adapter usually needs a learning rate ten times as
    /// high as all weights do. It is written in PEFT's format.
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
    /// The adapter to train, if --use-peft is given: the one in the folder of `model`, or a new one. `defaults` are those of the command.
    pub fn adapter(
        &self,
        model: Option<&str>,
        training: &TrainingConfig,
        defaults: &TrainingConfig,
    ) -> Result<Option<Peft>, Failure> {
        if !self.use_peft {
            return Ok(None);
        }
        if training.learning_rate.total_cmp(&defaults.learning_rate).is_eq() {
            let rate = defaults.learning_rate;
            log::warning(&format!(
                "the learning rate is {rate:e}, the default for training all weights; an adapter usually needs ten times as much: \
                 --learning-rate {:.0e}",
                10.0 * rate
            ));
        }
        let folder = model.map(models::fetch).transpose()?;
        let loaded = folder.as_deref().map(LoraConfig::base_of_adapter).transpose()?.flatten().is_some();
        if loaded && let Some(option) = self.given_option() {
            let problem =
                format!("{option} would be ignored: --model is an adapter, which has its own options. Leave it out");
            return Err(UsageError::new(problem).into());
        }
        Ok(Some(if loaded { Peft::Loaded } else { self.config(training).into() }))
    }

    /// The first of the options of a new adapter that is given.
    fn given_option(&self) -> Option<&'static str> {
        let given = [
            ("--lora-r", self.lora_r.is_some()),
            ("--lora-alpha", self.lora_alpha.is_some()),
            ("--lora-dropout", self.lora_dropout.is_some()),
            ("--lora-target-modules", self.lora_target_modules.is_some()),
            ("--lora-modules-to-save", self.lora_modules_to_save.is_some()),
            ("--use-rslora", self.use_rslora),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }

    /// The options of a new adapter.
    fn config(&self, training: &TrainingConfig) -> LoraConfig {
        let defaults = LoraConfig::default();
        LoraConfig {
            r: self.lora_r.unwrap_or(R),
            lora_alpha: self.lora_alpha.unwrap_or(ALPHA),
            lora_dropout: self.lora_dropout.unwrap_or(if training.disable_dropout { 0.0 } else { DROPOUT }),
            target_modules: self.lora_target_modules.clone().map_or(defaults.target_modules, Into::into),
            modules_to_save: self.lora_modules_to_save.clone().unwrap_or_default(),
            use_rslora: self.use_rslora,
            ..LoraConfig::default()
        }
    }
}
