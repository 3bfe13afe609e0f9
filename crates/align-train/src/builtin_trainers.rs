//! The trainers of the built-in objectives.

use crate::objective::{
    Classification, Cpo, Dpo, GroupPolicy, GroupPolicyRow, Grpo, Kto, Objective, Reward, Rloo, Sft,
};
use crate::{
    ClassificationConfig, CpoConfig, DpoConfig, GroupPolicyConfig, KtoConfig, Result, RewardConfig, SftConfig, Trainer,
};
use align_data::{EncodedLabelledText, EncodedRewardPair, EncodedText};
use align_losses::PairLoss;
use align_models::{CausalLm, DistilBert, SequenceClassifier};

/// Trains on preference pairs with a reference model: DPO (arXiv:2305.18290) and its variants.
pub type DpoTrainer = Trainer<Dpo>;
/// Trains on unpaired preferences: KTO (arXiv:2402.01306), BCO and APO-zero.
pub type KtoTrainer = Trainer<Kto>;
/// Trains on preference pairs without a reference model: CPO (arXiv:2401.08417), SimPO, AlphaPO, ORPO and SLiC-HF.
pub type CpoTrainer = Trainer<Cpo>;
/// Trains on completions with advantages: GRPO (arXiv:2402.03300) and its variants.
pub type GrpoTrainer = Trainer<Grpo>;
/// Trains on completions with advantages: RLOO (arXiv:2402.14740).
pub type RlooTrainer = Trainer<Rloo>;
/// Trains a language model on texts.
pub type SftTrainer = Trainer<Sft>;
/// Trains a reward model on preference pairs.
pub type RewardTrainer = Trainer<Reward>;
/// Trains a classifier on labelled texts.
pub type ClassificationTrainer = Trainer<Classification>;

impl Trainer<Dpo> {
    /// Creates a trainer at step 0. Without a `reference`, the reference model is a copy of the policy.
    ///
    /// # Errors
    /// Invalid options, no pairs, token ids or lengths that the model cannot process, or a reference model with another vocabulary.
    pub fn new(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        train: Vec<<Dpo as Objective>::Row>,
        config: DpoConfig,
    ) -> Result<Self> {
        Self::from_objective(Dpo::new(policy, reference, config)?, train)
    }

    /// Creates a trainer with a custom loss instead of the one in the options.
    ///
    /// # Errors
    /// Those of [`DpoTrainer::new`].
    pub fn with_loss(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        train: Vec<<Dpo as Objective>::Row>,
        config: DpoConfig,
        loss: Box<dyn PairLoss>,
    ) -> Result<Self> {
        Self::from_objective(Dpo::with_loss(policy, reference, config, loss)?, train)
    }
}

impl Trainer<Kto> {
    /// Creates a trainer at step 0. Without a `reference`, the reference model is a copy of the policy.
    ///
    /// # Errors
    /// Those of [`DpoTrainer::new`].
    pub fn new(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        train: Vec<<Kto as Objective>::Row>,
        config: KtoConfig,
    ) -> Result<Self> {
        Self::from_objective(Kto::new(policy, reference, config)?, train)
    }
}

impl Trainer<Cpo> {
    /// Creates a trainer at step 0.
    ///
    /// # Errors
    /// Invalid options, no pairs, or token ids or lengths that the model cannot process.
    pub fn new(
        policy: impl CausalLm + 'static,
        train: Vec<<Cpo as Objective>::Row>,
        config: CpoConfig,
    ) -> Result<Self> {
        Self::from_objective(Cpo::new(policy, config)?, train)
    }
}

impl<C: GroupPolicyConfig> Trainer<GroupPolicy<C>> {
    /// Creates a trainer at step 0. If the loss has a KL penalty and there is no `reference`, the reference model is a copy of the policy.
    ///
    /// # Errors
    /// Invalid options, no rows, token ids or lengths that the model cannot process, or a reference model that would be ignored.
    pub fn new(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        train: Vec<GroupPolicyRow>,
        config: C,
    ) -> Result<Self> {
        Self::from_objective(GroupPolicy::new(policy, reference, config)?, train)
    }
}

impl Trainer<Sft> {
    /// Creates a trainer at step 0, for rows from [`SftConfig::encode`].
    ///
    /// # Errors
    /// Invalid options, no rows, or token ids or lengths that the model or the options do not allow.
    pub fn new(policy: impl CausalLm + 'static, train: Vec<EncodedText>, config: SftConfig) -> Result<Self> {
        Self::from_objective(Sft::new(policy, config)?, train)
    }
}

impl Trainer<Reward> {
    /// Creates a trainer at step 0. The model has one output.
    ///
    /// # Errors
    /// Invalid options, no pairs, token ids or lengths that the model cannot process, or a model with several outputs.
    pub fn new(
        policy: Box<dyn SequenceClassifier>,
        train: Vec<EncodedRewardPair>,
        config: RewardConfig,
    ) -> Result<Self> {
        Self::from_objective(Reward::new(policy, config)?, train)
    }
}

impl Trainer<Classification> {
    /// Creates a trainer at step 0.
    ///
    /// # Errors
    /// Invalid options, no rows, or token ids, lengths or labels that the model cannot process.
    pub fn new(policy: DistilBert, train: Vec<EncodedLabelledText>, config: ClassificationConfig) -> Result<Self> {
        Self::from_objective(Classification::new(policy, config)?, train)
    }
}
