//! The types that most programs need: `use align::prelude::*;`.

pub use align_data::{
    Completions, LabelledTexts, PreferencePair, PreferencePairs, ScoredText, ScoredTexts, Texts, Tokenizer,
    UnpairedPreference, UnpairedPreferences,
};
pub use align_inference::{RewardModel, generate_texts};
pub use align_losses::{LossType, PairLoss};
pub use align_models::generation::{Generation, GenerationConfig};
pub use align_models::{
    AutoModelForCausalLm, AutoModelForSequenceClassification, CausalLm, DecoderClassifier, DistilBert, Gpt2,
    LoraConfig, ModelResolver, SequenceClassifier, TrainableModel,
};
pub use align_torch::{DeviceChoice, MatmulPrecision};
pub use align_train::run::{Dataset, ModelSource, NewModel, NewTokenizer, ReferenceModel};
pub use align_train::{
    ClassificationConfig, ClassificationRun, ClassificationTrainer, CpoConfig, CpoRun, CpoTrainer, DpoConfig, DpoRun,
    DpoTrainer, Flow, IntervalStrategy, KtoConfig, KtoRun, KtoTrainer, Objective, Observer, RewardConfig, RewardRun,
    RewardTrainer, Run, RunSummary, SftConfig, SftRun, SftTrainer, StopSignal, Trainer, TrainingConfig,
};
pub use tch::{Device, Kind};
