use crate::{Error, Result};
use align_torch::FusedAdamWStep;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// AdamW's hyper-parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamWConfig {
    /// Decay of the gradient's running mean.
    pub beta1: f64,
    /// Decay of the squared gradient's running mean.
    pub beta2: f64,
    /// Added to the denominator.
    pub epsilon: f64,
    /// Decoupled weight decay, on matrices only: biases and layer norms have none, as in transformers.
    pub weight_decay: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// AdamW (arXiv:1711.05101, algorithm 2) with all of its state in reach, so that a run can be resumed exactly.
///
/// Weights of fewer than 32 bits are updated through a float32 copy, since a step is often smaller than their precision.
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    slots: Vec<Slot>,
    step: u64,
}

#[derive(Debug)]
struct Slot {
    name: String,
    weight: Tensor,
    /// The float32 copy of a weight of lower precision.
    master: Option<Tensor>,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
}

impl AdamW {
    /// An optimiser of the named weights, with zero moments.
    ///
    /// # Errors
    /// Hyper-parameters out of range, or not enough memory.
    pub fn new<'a>(weights: impl Iterator<Item = (&'a str, &'a Tensor)>, config: AdamWConfig) -> Result<Self> {
        let check = |option: &'static str, value: f64, good: bool, expected: &str| match good {
            true => Ok(()),
            false => Err(Error::Config { option, reason: format!("is {value}, expected {expected}") }),
        };
        let share = |x: f64| (0.0..1.0).contains(&x);
        check("adam_beta1", config.beta1, share(config.beta1), "at least 0 and below 1")?;
        check("adam_beta2", config.beta2, share(config.beta2), "at least 0 and below 1")?;
        let positive = config.epsilon > 0.0 && config.epsilon.is_finite();
        check("adam_epsilon", config.epsilon, positive, "a positive number")?;
        let decay = config.weight_decay >= 0.0 && config.weight_decay.is_finite();
        check("weight_decay", config.weight_decay, decay, "0 or a positive number")?;
        let slots = weights.map(|(name, weight)| Slot::new(name, weight)).collect::<Result<_>>()?;
        Ok(Self { config, slots, step: 0 })
    }

    /// Moves every weight against its gradient by the rate `lr`; weights without a gradient stay.
    ///
    /// # Errors
    /// Only what LibTorch refuses.
    pub fn step(&mut self, lr: f64) -> Result<()> {
        self.step += 1;
        let (config, step) = (self.config, self.step);
        tch::no_grad(|| self.slots.iter_mut().try_for_each(|slot| slot.step(&config, lr, step)))
    }

    /// Forgets all gradients.
    pub fn zero_grad(&mut self) {
        for slot in &mut self.slots {
            slot.weight.zero_grad();
        }
    }

    /// Steps done.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// The state's tensors under `exp_avg.NAME`, `exp_avg_sq.NAME` and, for weights of low precision, `master.NAME`.
    pub fn state(&self) -> impl Iterator<Item = (String, &Tensor)> {
        self.slots.iter().flat_map(|slot| {
            let moments = [("exp_avg", &slot.exp_avg), ("exp_avg_sq", &slot.exp_avg_sq)];
            let all = moments.into_iter().chain(slot.master.as_ref().map(|m| ("master", m)));
            all.map(|(kind, tensor)| (format!("{kind}.{}", slot.name), tensor))
        })
    }

    /// Takes over the state that [`AdamW::state`] gave after `step` steps.
    ///
    /// # Errors
    /// What `find` says of a tensor that it lacks, or a tensor of another shape or dtype.
    pub fn load_state(&mut self, step: u64, find: impl Fn(&str) -> Result<Tensor>) -> Result<()> {
        let load = |name: String, into: &mut Tensor| -> Result<()> {
            let from = find(&name)?;
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
        for slot in &mut self.slots {
            load(format!("exp_avg.{}", slot.name), &mut slot.exp_avg)?;
            load(format!("exp_avg_sq.{}", slot.name), &mut slot.exp_avg_sq)?;
            if let Some(master) = &mut slot.master {
                load(format!("master.{}", slot.name), master)?;
            }
        }
        self.step = step;
        Ok(())
    }
}

/// Whether a weight is updated through a float32 copy.
pub(crate) fn is_narrow(weight: &Tensor) -> bool {
    matches!(weight.kind(), Kind::BFloat16 | Kind::Half)
}

impl Slot {
    fn new(name: &str, weight: &Tensor) -> Result<Self> {
        let low_precision = is_narrow(weight);
        let kind = if low_precision { Kind::Float } else { weight.kind() };
        let zeros = || Tensor::f_zeros(weight.size(), (kind, weight.device()));
        let master = if low_precision { Some(weight.f_detach()?.f_to_kind(kind)?) } else { None };
        let (exp_avg, exp_avg_sq) = (zeros()?, zeros()?);
        Ok(Self { name: name.to_owned(), weight: weight.shallow_clone(), master, exp_avg, exp_avg_sq })
    }

    fn step(&mut self, config: &AdamWConfig, lr: f64, step: u64) -> Result<()> {
        let grad = self.weight.grad();
        if !grad.defined() {
            return Ok(());
        }
        let grad = grad.f_to_kind(self.exp_avg.kind())?.f_contiguous()?;
        let target = self.master.as_mut().unwrap_or(&mut self.weight);
        let weight_decay = if target.dim() >= 2 { config.weight_decay } else { 0.0 };
        let AdamWConfig { beta1, beta2, epsilon: eps, .. } = *config;
        FusedAdamWStep { step, lr, beta1, beta2, weight_decay, eps }
            .apply(target, &grad, &mut self.exp_avg, &mut self.exp_avg_sq)
            .map_err(|e| Error::Data(format!("{}: {e}", self.name)))?;
        if let Some(master) = &self.master {
            self.weight.f_copy_(master)?;
        }
        Ok(())
    }
}
