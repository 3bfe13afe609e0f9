//! Settings of a run other than the options of its objective.

use super::{Dataset, Peft, PromptedExample, ReferenceModel, Run, RunObjective};
use crate::{Error, Observer, ResumeMode, RunConfig, SamplePrompts, SampleTexts, StopSignal};
use align_data::tables::ExampleRow;
use align_data::{ConversationPrompt, InvalidRows, PairExample};
use align_distributed::ProcessGroup;
use align_models::{CausalLm, ModelResolver};
use align_torch::{DeviceChoice, MatmulPrecision};
use std::path::PathBuf;
use tch::Kind;

impl<O: RunObjective> Run<O> {
    /// Sets the output folder for the options, the metrics, the checkpoints, the trained model and the report. Required.
    pub fn output_dir(self, folder: impl Into<PathBuf>) -> Self {
        Self { output_dir: Some(folder.into()), ..self }
    }

    /// Sets held-out examples, on which the run evaluates as `eval_strategy` says and at the end.
    pub fn eval(self, examples: impl Into<Dataset<O::Example>>) -> Self {
        Self { eval: Some(examples.into()), ..self }
    }

    /// Resumes the run in the output folder from its newest checkpoint, or starts it again if it has none. The result is byte for byte that
    /// of an uninterrupted run; if that is not possible, [`Run::prepare`] returns an error.
    pub fn resume(self) -> Self {
        self.resume_with(ResumeMode::Exact)
    }

    /// Like [`Run::resume`], but [`ResumeMode::Inexact`] also allows another processor, device, version, number of threads or matmul
    /// precision.
    pub fn resume_with(self, mode: ResumeMode) -> Self {
        Self { resume: Some(mode), ..self }
    }

    /// Trains a LoRA adapter, a new one or the one in the model's folder, and freezes the model's own weights. The folder `model` of the
    /// run then contains the adapter in PEFT's layout.
    pub fn peft(self, peft: impl Into<Peft>) -> Self {
        Self { peft: Some(peft.into()), ..self }
    }

    /// Adds embeddings to the model if the tokeniser has more tokens than the model has embeddings. Without it, such a tokeniser is an
    /// error.
    pub fn resize_token_embeddings(self, resize: bool) -> Self {
        Self { resize_token_embeddings: resize, ..self }
    }

    /// Sets the dtype of the weights. The default is float32.
    pub fn dtype(self, dtype: Kind) -> Self {
        Self { dtype: Some(dtype), ..self }
    }

    /// Sets the device of the models. The default is the first GPU, or the CPU if there is none.
    pub fn device(self, device: DeviceChoice) -> Self {
        Self { device: Some(device), ..self }
    }

    /// Sets the precision of float32 matrix multiplication during the run. The default is the fastest one that is as exact as float32. The
    /// setting is global to the process, so concurrent runs in one process must use the same.
    pub fn matmul_precision(self, precision: MatmulPrecision) -> Self {
        Self { matmul_precision: Some(precision), ..self }
    }

    /// Adds an observer of the steps and evaluations, such as a progress bar. Of several processes, only rank 0 calls it.
    pub fn observer(mut self, observer: impl Observer<O> + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Sets a signal with which another thread can stop the run after the current step. The run can then be resumed.
    pub fn stop_signal(self, stop: StopSignal) -> Self {
        Self { stop, ..self }
    }

    /// Trains with the other processes of a group, each of which has the same run. A batch has `per_device_train_batch_size` rows for each
    /// process, and each process computes its part. All read the same files; rank 0 alone writes, so that all need the output folder only
    /// to resume.
    ///
    /// The group connects with [`ProcessGroup::connect`]; in a program that torchrun, mpirun or srun has started, with
    /// [`Launch::from_environment`](align_distributed::Launch::from_environment).
    pub fn process_group(mut self, group: ProcessGroup) -> Self {
        self.config.training_mut().num_processes = group.world_size();
        Self { group: Some(group), ..self }
    }

    /// Sets the options that `config.toml` and the report list instead of those of this run, as a JSON object. For programs that have
    /// options of their own.
    pub fn recorded_options(self, options: serde_json::Value) -> Self {
        Self { recorded_options: Some(options), ..self }
    }

    /// Sets the resolver that finds models by their names, for programs that show downloads.
    pub fn resolver(self, resolver: ModelResolver) -> Self {
        Self { resolver, ..self }
    }

    /// Uploads the trained model with its model card to the repository `user/name` at the end of the run. Needs a token from `HF_TOKEN`
    /// or `hf auth login`.
    #[cfg(feature = "hub")]
    pub fn push_to_hub(self, repo: impl Into<String>) -> Self {
        Self { upload: Some((repo.into(), false)), ..self }
    }

    /// Like [`Run::push_to_hub`], but makes the repository private if it is new.
    #[cfg(feature = "hub")]
    pub fn push_to_private_hub(self, repo: impl Into<String>) -> Self {
        Self { upload: Some((repo.into(), true)), ..self }
    }
}

impl<O: RunObjective> Run<O>
where
    O::Model: CausalLm,
{
    /// Generates continuations of these prompts before the first step, at each evaluation and after the last step. They are written to
    /// `samples.jsonl`, and the report shows those before and after training side by side.
    pub fn sample_prompts(self, prompts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.samples(SamplePrompts::Texts(prompts.into_iter().map(Into::into).collect()))
    }

    /// Like [`Run::sample_prompts`], but the model answers conversations, with greedy decoding and its chat template.
    pub fn sample_conversations(self, prompts: impl IntoIterator<Item = ConversationPrompt>) -> Self {
        self.samples(SamplePrompts::Conversations(prompts.into_iter().collect()))
    }

    fn samples(self, prompts: SamplePrompts) -> Self {
        let factory: super::SampleTextsFactory<O> = Box::new(move |path, model, tokenizer, seed, resumes| {
            let samples = || {
                let generation = prompts.generation(model, tokenizer, seed)?;
                SampleTexts::new(path, tokenizer.clone(), prompts, generation)
            };
            let samples = samples().map_err(|e| Error::in_dataset("sample_prompts", e))?;
            Ok(Box::new(if resumes { samples.resume() } else { samples }))
        });
        Self { samples: Some(factory), ..self }
    }
}

impl<O: RunObjective<Example: PromptedExample>> Run<O> {
    /// Sets whether a prompt is removed from the beginning of completions that repeat it. The default is true.
    pub fn strip_prompt(self, strip_prompt: bool) -> Self {
        Self { strip_prompt, ..self }
    }
}

impl<O: RunObjective<Example: ExampleRow>> Run<O> {
    /// Sets what happens to rows that teach nothing: rows that the chat template refuses, rows without a completion, and pairs of equal
    /// sides. By default they are left out.
    pub fn invalid_rows(self, invalid_rows: InvalidRows) -> Self {
        Self { invalid_rows, ..self }
    }
}

impl<O: RunObjective<Example = PairExample>> Run<O> {
    /// Sets the maximum tokens of a prompt with its completion; longer completions are truncated. The default is the model's limit.
    pub fn max_length(self, tokens: usize) -> Self {
        Self { max_length: Some(tokens), ..self }
    }
}

impl<O: RunObjective> Run<O> {
    /// Sets the reference model. The default is a copy of the initial policy. An error for objectives without a reference model, and with
    /// [`Run::peft`], where the reference model is the policy without its adapter.
    pub fn reference(self, model: impl Into<ReferenceModel>) -> Self {
        Self { reference: Some(model.into()), ..self }
    }
}
