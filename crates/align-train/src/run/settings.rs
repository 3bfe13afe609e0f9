//! What a run may be told beside its objective's options.

use super::{Dataset, PromptedExample, ReferenceModel, Run, RunObjective};
use crate::{Observer, Rounding, SampleTexts, StopSignal};
use align_data::PreferencePair;
use align_models::generation::{Generation, GenerationConfig};
use align_models::{CausalLm, LoraConfig, ModelResolver};
use align_torch::{DeviceChoice, MatmulPrecision};
use std::path::PathBuf;
use tch::Kind;

/// Most tokens of a sample text.
const SAMPLE_TOKENS: usize = 48;

impl<O: RunObjective> Run<O> {
    /// The run's folder: the options, the records, the checkpoints, the trained model and the report. Every run needs one.
    pub fn output_dir(self, folder: impl Into<PathBuf>) -> Self {
        Self { output_dir: Some(folder.into()), ..self }
    }

    /// Held-out examples: evaluated as `eval_strategy` says, and at the end.
    pub fn eval(self, examples: impl Into<Dataset<O::Example>>) -> Self {
        Self { eval: Some(examples.into()), ..self }
    }

    /// Goes on from the newest checkpoint in the run's folder, or begins again where a run ended before its first. The run ends with the
    /// bytes of an undisturbed one; where that cannot be promised it is refused.
    pub fn resume(self) -> Self {
        self.resume_with(Rounding::Same)
    }

    /// The same, and with [`Rounding::MayDiffer`] also on another processor, device, version, number of threads or matmul precision.
    pub fn resume_with(self, rounding: Rounding) -> Self {
        Self { resume: Some(rounding), ..self }
    }

    /// Trains a LoRA adapter beside the model's weights, which stay as they are. The folder `model` then holds the adapter in PEFT's
    /// layout.
    pub fn peft(self, config: LoraConfig) -> Self {
        Self { peft: Some(config), ..self }
    }

    /// The weights' dtype; float32 unless given.
    pub fn dtype(self, dtype: Kind) -> Self {
        Self { dtype: Some(dtype), ..self }
    }

    /// Where the models are; the first GPU unless given, or the CPU where there is none.
    pub fn device(self, device: DeviceChoice) -> Self {
        Self { device: Some(device), ..self }
    }

    /// How float32 matrices are multiplied while the run is prepared and trains; the fastest way that is as exact as float32 unless
    /// given. It is a setting of the whole process: runs at the same time in one process disturb each other's.
    pub fn matmul_precision(self, precision: MatmulPrecision) -> Self {
        Self { matmul_precision: Some(precision), ..self }
    }

    /// Adds an observer of the steps and evaluations, such as a progress bar.
    pub fn observer(mut self, observer: impl Observer<O> + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// A signal by which another thread can end the run after its present step. The run can then be resumed.
    pub fn stop_signal(self, stop: StopSignal) -> Self {
        Self { stop, ..self }
    }

    /// What `config.toml` and the report list in place of this run's own options: those of a program, as a JSON object.
    pub fn record(self, options: serde_json::Value) -> Self {
        Self { record: Some(options), ..self }
    }

    /// How models are found by their names, for a program that shows downloads.
    pub fn resolver(self, resolver: ModelResolver) -> Self {
        Self { resolver, ..self }
    }

    /// Uploads the trained model with its card to the repository `user/name` when the run is done. Needs a token, from `HF_TOKEN` or
    /// `hf auth login`.
    #[cfg(feature = "hub")]
    pub fn push_to_hub(self, repo: impl Into<String>) -> Self {
        Self { upload: Some((repo.into(), false)), ..self }
    }

    /// The same, and a new repository is private.
    #[cfg(feature = "hub")]
    pub fn push_to_private_hub(self, repo: impl Into<String>) -> Self {
        Self { upload: Some((repo.into(), true)), ..self }
    }
}

impl<O: RunObjective> Run<O>
where
    O::Model: CausalLm,
{
    /// At each evaluation writes texts that continue these prompts to `samples.jsonl`. Needs `eval_strategy`.
    pub fn sample_prompts(self, prompts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let prompts: Vec<String> = prompts.into_iter().map(Into::into).collect();
        let make: super::MakeSamples<O> = Box::new(move |file, tokenizer, seed, resumed| {
            let generation = Generation::new(GenerationConfig {
                do_sample: true,
                max_new_tokens: Some(SAMPLE_TOKENS),
                seed,
                ..GenerationConfig::default()
            })?;
            Ok(Box::new(match resumed {
                Some(trainer) => SampleTexts::resume(file, trainer, tokenizer, prompts, generation)?,
                None => SampleTexts::new(file, tokenizer, prompts, generation)?,
            }))
        });
        Self { samples: Some(make), ..self }
    }
}

impl<O: RunObjective<Example: PromptedExample>> Run<O> {
    /// Whether a prompt that stands in front of its completions is taken off them; true unless given.
    pub fn strip_prompt(self, strip_prompt: bool) -> Self {
        Self { strip_prompt, ..self }
    }
}

impl<O: RunObjective<Example = PreferencePair>> Run<O> {
    /// Most tokens of a prompt and its completion, which is cut behind them; the model's own limit unless given.
    pub fn max_length(self, tokens: usize) -> Self {
        Self { max_length: Some(tokens), ..self }
    }
}

impl<O: RunObjective> Run<O> {
    /// The model that the policy is compared with; a copy of the policy as it starts unless given. Refused where the objective has no
    /// reference, and with [`Run::peft`], where the reference is the model without its adapter.
    pub fn reference(self, model: impl Into<ReferenceModel>) -> Self {
        Self { reference: Some(model.into()), ..self }
    }
}
