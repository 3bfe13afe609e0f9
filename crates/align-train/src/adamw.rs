use crate::distributed::OptimizerShards;
use crate::{Error, Result};
use align_distributed::ProcessGroup;
use align_torch::{FusedAdamWStep, clear_gradient};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// The hyper-parameters of AdamW.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamWConfig {
    /// Decay rate of the running mean of the gradient.
    pub beta1: f64,
    /// Decay rate of the running mean of the squared gradient.
    pub beta2: f64,
    /// Added to the denominator.
    pub epsilon: f64,
    /// Decoupled weight decay. Applies to matrices only, not to biases and layer norms, as in transformers.
    pub weight_decay: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// AdamW (arXiv:1711.05101, algorithm 2). All of its state is accessible, so that a run can be resumed exactly.
///
/// Weights in 16-bit precision are updated through a float32 master copy, because an update is often smaller than their precision.
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    states: Vec<ParameterState>,
    step: u64,
    /// The parts of the weights that this process updates, if several share the work.
    shards: Option<OptimizerShards>,
}

/// A parameter and its optimiser state.
#[derive(Debug)]
struct ParameterState {
    name: String,
    weight: Tensor,
    /// The part of the weight that is updated: the weight itself, or some of its values as a vector. Shares its memory.
    updated: Tensor,
    /// The float32 master copy of a weight in 16-bit precision.
    master: Option<Tensor>,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
}

impl AdamW {
    /// Creates an optimiser for the named weights, with zero moments.
    ///
    /// # Errors
    /// Hyper-parameters out of range, or not enough memory.
    pub fn new<'a>(weights: impl Iterator<Item = (&'a str, &'a Tensor)>, config: AdamWConfig) -> Result<Self> {
        Self::of_shards(weights, config, None)
    }

    /// Creates the optimiser of one process of a group. With `zero_stage` 1 it has the state of this process's part of each weight alone
    /// (ZeRO, arXiv:1910.02054).
    pub(crate) fn in_group<'a>(
        weights: impl Iterator<Item = (&'a str, &'a Tensor)>,
        config: AdamWConfig,
        zero_stage: u8,
        group: &ProcessGroup,
    ) -> Result<Self> {
        Self::of_shards(weights, config, (zero_stage > 0).then(|| OptimizerShards::of(group)))
    }

    fn of_shards<'a>(
        weights: impl Iterator<Item = (&'a str, &'a Tensor)>,
        config: AdamWConfig,
        shards: Option<OptimizerShards>,
    ) -> Result<Self> {
        let check = |option: &'static str, value: f64, valid: bool, expected: &str| match valid {
            true => Ok(()),
            false => Err(Error::Config { option, reason: format!("is {value}, expected {expected}") }),
        };
        let below_one = |x: f64| (0.0..1.0).contains(&x);
        check("adam_beta1", config.beta1, below_one(config.beta1), "at least 0 and below 1")?;
        check("adam_beta2", config.beta2, below_one(config.beta2), "at least 0 and below 1")?;
        let positive = config.epsilon > 0.0 && config.epsilon.is_finite();
        check("adam_epsilon", config.epsilon, positive, "a positive number")?;
        let decay = config.weight_decay >= 0.0 && config.weight_decay.is_finite();
        check("weight_decay", config.weight_decay, decay, "0 or a positive number")?;
        let states = weights.map(|(name, weight)| ParameterState::new(name, weight, shards.as_ref()));
        Ok(Self { config, states: states.collect::<Result<_>>()?, step: 0, shards })
    }

    /// Updates all weights that have a gradient, with the learning rate `lr`, and frees each gradient after its use.
    ///
    /// # Errors
    /// LibTorch errors only.
    pub fn step(&mut self, lr: f64) -> Result<()> {
        self.step += 1;
        let (config, step, shards) = (self.config, self.step, self.shards.as_ref());
        tch::no_grad(|| self.states.iter_mut().try_for_each(|state| state.step(&config, lr, step, shards)))
    }

    /// Gives the other processes the parts of the weights that this one has updated, if they share the work.
    pub(crate) fn exchange_weights(&self, group: &ProcessGroup) -> Result<()> {
        let weights = self.states.iter().map(|state| &state.weight);
        self.shards.as_ref().map_or(Ok(()), |_| OptimizerShards::exchange_weights(group, weights))
    }

    /// The state tensors of all processes by name, as [`AdamW::state`] has them for one, in rank 0. `None` in other ranks, and if each process
    /// has the whole state.
    pub(crate) fn gather_state(&self, group: &ProcessGroup) -> Result<Option<Vec<(String, Tensor)>>> {
        if self.shards.is_none() {
            return Ok(None);
        }
        let mut all = Vec::new();
        for state in &self.states {
            for (kind, part) in state.tensors() {
                // All processes take part, but only rank 0 keeps the result.
                let whole = OptimizerShards::gather(group, part, &state.weight.size())?;
                if group.rank() == 0 {
                    all.push((format!("{kind}.{}", state.name), whole));
                }
            }
        }
        Ok((group.rank() == 0).then_some(all))
    }

    /// Whether this process has the state of some values only.
    pub(crate) fn is_sharded(&self) -> bool {
        self.shards.is_some()
    }

    /// Frees all gradients.
    ///
    /// # Errors
    /// LibTorch errors only.
    pub fn clear_gradients(&mut self) -> Result<()> {
        self.states.iter().try_for_each(|state| Ok(clear_gradient(&state.weight)?))
    }

    /// Completed steps.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// The state tensors of this process by name: `exp_avg.NAME`, `exp_avg_sq.NAME` and, for weights in 16-bit precision, `master.NAME`.
    pub fn state(&self) -> impl Iterator<Item = (String, &Tensor)> {
        self.states
            .iter()
            .flat_map(|state| state.tensors().map(|(kind, tensor)| (format!("{kind}.{}", state.name), tensor)))
    }

    /// Restores the state that [`AdamW::state`] returned after `step` steps. `find` returns the tensor with a name.
    ///
    /// # Errors
    /// An error of `find`, or a tensor of another shape or dtype.
    pub fn load_state(&mut self, step: u64, find: impl Fn(&str) -> Result<Tensor>) -> Result<()> {
        let shards = self.shards.as_ref();
        let load = |name: String, into: &mut Tensor| -> Result<()> {
            let from = find(&name)?;
            let from = shards.map_or(Ok(from.shallow_clone()), |shards| shards.part(&from))?;
            if from.size() != into.size() {
                let (found, expected) = (from.size(), into.size());
                return Err(Error::Data(format!("the optimiser's {name} has shape {found:?}, expected {expected:?}")));
            }
            if from.kind() != into.kind() {
                let (found, expected) = (from.kind(), into.kind());
                return Err(Error::Data(format!(
                    "the optimiser's {name} is stored as {found:?}, expected {expected:?}"
                )));
            }
            Ok(into.f_copy_(&from)?)
        };
        for state in &mut self.states {
            load(format!("exp_avg.{}", state.name), &mut state.exp_avg)?;
            load(format!("exp_avg_sq.{}", state.name), &mut state.exp_avg_sq)?;
            if let Some(master) = &mut state.master {
                load(format!("master.{}", state.name), master)?;
            }
        }
        self.step = step;
        Ok(())
    }
}

/// Whether a weight has 16-bit precision, so that it needs a float32 master copy.
pub(crate) fn is_half_precision(weight: &Tensor) -> bool {
    matches!(weight.kind(), Kind::BFloat16 | Kind::Half)
}

impl ParameterState {
    fn new(name: &str, weight: &Tensor, shards: Option<&OptimizerShards>) -> Result<Self> {
        let updated = match shards {
            None => weight.shallow_clone(),
            Some(shards) => shards.part(weight)?,
        };
        let low_precision = is_half_precision(weight);
        let kind = if low_precision { Kind::Float } else { weight.kind() };
        let zeros = || Tensor::f_zeros(updated.size(), (kind, weight.device()));
        let master = if low_precision { Some(updated.f_detach()?.f_to_kind(kind)?) } else { None };
        let (exp_avg, exp_avg_sq) = (zeros()?, zeros()?);
        Ok(Self { name: name.to_owned(), weight: weight.shallow_clone(), updated, master, exp_avg, exp_avg_sq })
    }

    /// The state tensors with their kinds.
    fn tensors(&self) -> impl Iterator<Item = (&'static str, &Tensor)> {
        let moments = [("exp_avg", &self.exp_avg), ("exp_avg_sq", &self.exp_avg_sq)];
        moments.into_iter().chain(self.master.as_ref().map(|master| ("master", master)))
    }

    fn step(&mut self, config: &AdamWConfig, lr: f64, step: u64, shards: Option<&OptimizerShards>) -> Result<()> {
        let grad = self.weight.grad();
        if !grad.defined() {
            return Ok(());
        }
        let grad = shards.map_or(Ok(grad.shallow_clone()), |shards| shards.part(&grad))?;
        let grad = grad.f_to_kind(self.exp_avg.kind())?.f_contiguous()?;
        let target = self.master.as_mut().unwrap_or(&mut self.updated);
        let weight_decay = if self.weight.dim() >= 2 { config.weight_decay } else { 0.0 };
        let AdamWConfig { beta1, beta2, epsilon: eps, .. } = *config;
        FusedAdamWStep { step, lr, beta1, beta2, weight_decay, eps }
            .apply(target, &grad, &mut self.exp_avg, &mut self.exp_avg_sq)
            .map_err(|e| Error::Data(format!("{}: {e}", self.name)))?;
        if let Some(master) = &self.master {
            self.updated.f_copy_(master)?;
        }
        Ok(clear_gradient(&self.weight)?)
    }
}
