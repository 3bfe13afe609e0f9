//! The trainers of the built-in objectives.

use crate::objective::{Classification, Cpo, Dpo, Kto, Objective, Sft};
use crate::{ClassificationConfig, CpoConfig, DpoConfig, KtoConfig, Result, SftConfig, Trainer};
use align_data::{EncodedLabelledText, EncodedText};
use align_losses::PairLoss;
use align_models::{CausalLm, DistilBert};

/// Trains on preference pairs against a reference: DPO (arXiv:2305.18290) and its family.
pub type DpoTrainer = Trainer<Dpo>;
/// Trains on single completions that were liked or not: KTO (arXiv:2402.01306) and its family.
pub type KtoTrainer = Trainer<Kto>;
/// Trains on preference pairs without a reference: CPO (arXiv:2401.08417), SimPO, ORPO and their family.
pub type CpoTrainer = Trainer<Cpo>;
/// Trains a language model on texts.
pub type SftTrainer = Trainer<Sft>;
/// Trains a classifier on labelled texts.
pub type ClassificationTrainer = Trainer<Classification>;

impl Trainer<Dpo> {
    /// A trainer at step 0. Without a `reference` it is a copy of the policy as it stands.
    ///
    /// # Errors
    /// Options that contradict each other, no pairs, token ids or lengths that the model cannot take, or a reference of
    /// another vocabulary.
    pub fn new(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        train: Vec<<Dpo as Objective>::Row>,
        config: DpoConfig,
    ) -> Result<Self> {
        Self::of(Dpo::new(policy, reference, config)?, train)
    }

    /// The same with a loss of one's own in place of the one that the options name.
    ///
    /// # Errors
    /// As [`DpoTrainer::new`].
    pub fn with_loss(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        train: Vec<<Dpo as Objective>::Row>,
        config: DpoConfig,
        loss: Box<dyn PairLoss>,
    ) -> Result<Self> {
        Self::of(Dpo::with_loss(policy, reference, config, loss)?, train)
    }
}

impl Trainer<Kto> {
    /// A trainer at step 0. Without a `reference` it is a copy of the policy as it stands.
    ///
    /// # Errors
    /// As [`DpoTrainer::new`].
    pub fn new(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        train: Vec<<Kto as Objective>::Row>,
        config: KtoConfig,
    ) -> Result<Self> {
        Self::of(Kto::new(policy, reference, config)?, train)
    }
}

impl Trainer<Cpo> {
    /// A trainer at step 0.
    ///
    /// # Errors
    /// Options that contradict each other, no pairs, or token ids or lengths that the model cannot take.
    pub fn new(
        policy: impl CausalLm + 'static,
        train: Vec<<Cpo as Objective>::Row>,
        config: CpoConfig,
    ) -> Result<Self> {
        Self::of(Cpo::new(policy, config)?, train)
    }
}

impl Trainer<Sft> {
    /// A trainer at step 0 on rows that [`SftConfig::encode`] gave.
    ///
    /// # Errors
    /// Options that contradict each other, no rows, or token ids or lengths that the model or the options do not allow.
    pub fn new(policy: impl CausalLm + 'static, train: Vec<EncodedText>, config: SftConfig) -> Result<Self> {
        Self::of(Sft::new(policy, config)?, train)
    }
}

impl Trainer<Classification> {
    /// A trainer at step 0.
    ///
    /// # Errors
    /// Options that contradict each other, no rows, or token ids, lengths or labels that the model cannot take.
    pub fn new(policy: DistilBert, train: Vec<EncodedLabelledText>, config: ClassificationConfig) -> Result<Self> {
        Self::of(Classification::new(policy, config)?, train)
    }
}
