use super::Split;
use super::remembered_logps::RememberedLogps;
use super::row::{Row, check_rows};
use crate::weights::load_weights;
use crate::{Error, Result};
use align_models::checkpoint::{Checkpoint, save_safetensors};
use align_models::{CausalLm, ModelIdentity};
use std::path::Path;
use tch::{Device, Kind, Tensor};

const LOGPS: &str = "reference_logps.safetensors";
const WEIGHTS: &str = "reference.safetensors";

/// The model that the policy is held near to, and its log-probabilities of the rows so far.
#[derive(Debug)]
pub(crate) struct Reference {
    /// None where all its log-probabilities are precomputed.
    model: Option<Box<dyn CausalLm>>,
    train: RememberedLogps,
    eval: RememberedLogps,
    /// That of the model that the run began with.
    identity: ModelIdentity,
    moved: bool,
}

impl Reference {
    /// The `given` model, or a copy of the policy as it stands.
    pub fn new(given: Option<Box<dyn CausalLm>>, policy: &dyn CausalLm) -> Result<Self> {
        let model = match given {
            Some(given) => given,
            None => policy.frozen_copy()?,
        };
        Self::of(Some(model), policy)
    }

    /// The `given` model, or the policy as it stands without a copy of it: for log-probabilities that are computed before the policy moves.
    pub fn for_precomputing(given: Option<Box<dyn CausalLm>>, policy: &dyn CausalLm) -> Result<Self> {
        Self::of(given, policy)
    }

    fn of(model: Option<Box<dyn CausalLm>>, policy: &dyn CausalLm) -> Result<Self> {
        if let Some(model) = &model {
            if model.vocab_size() != policy.vocab_size() {
                let (a, b) = (policy.vocab_size(), model.vocab_size());
                return Err(Error::Data(format!(
                    "the policy has {a} token ids, the reference {b}: take a reference of the same tokeniser"
                )));
            }
            model.parameters().set_requires_grad(false);
        }
        let identity = ModelIdentity::of(model.as_deref().unwrap_or(policy))?;
        let nothing = || RememberedLogps::new(std::iter::empty());
        Ok(Self { model, train: nothing()?, eval: nothing()?, identity, moved: false })
    }

    /// What tells the model that the run began with from another.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// Makes room for a split's rows, of `count` numbers each.
    pub fn prepare<R: Row>(&mut self, split: Split, rows: &[R], count: impl Fn(&R) -> usize) -> Result<()> {
        if let Some(model) = &self.model {
            check_rows(rows, model, split.name())?;
        }
        *self.model_and_remembered(split).1 = RememberedLogps::new(rows.iter().map(count))?;
        Ok(())
    }

    /// Its log-probabilities at some `places` of what is remembered of a split, `(n)`, float32 in main memory: `compute`d, in the same
    /// order, where one is not known.
    pub fn logps(
        &mut self,
        split: Split,
        places: impl FnOnce(&RememberedLogps) -> Result<Tensor>,
        compute: impl FnOnce(&dyn CausalLm) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let remembered = if split == Split::Train { &mut self.train } else { &mut self.eval };
        let places = places(remembered)?;
        if let Some(known) = remembered.get(&places)? {
            return Ok(known);
        }
        let model = self.model.as_deref().ok_or_else(not_precomputed)?;
        let computed = compute(model)?.f_reshape([-1])?.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?;
        remembered.set(&places, &computed)?;
        Ok(computed)
    }

    /// Moves it towards the policy (TR-DPO, arXiv:2404.09656): `π_ref ← α π + (1 - α) π_ref`, weight by weight.
    pub fn sync(&mut self, policy: &dyn CausalLm, alpha: f64) -> Result<()> {
        let model = self.model.as_ref().ok_or_else(not_precomputed)?;
        tch::no_grad(|| {
            for (name, weight) in model.parameters().iter() {
                let towards = policy.parameters().get(name).ok_or_else(|| missing(name))?;
                let _ = weight.shallow_clone().f_mul_scalar_(1.0 - alpha)?.f_add_(&towards.f_mul_scalar(alpha)?)?;
            }
            Ok::<(), Error>(())
        })?;
        self.train.forget()?;
        self.eval.forget()?;
        self.moved = true;
        Ok(())
    }

    /// Adds to the gradient of `coefficient · Σ ‖θ - θ_ref‖²` over all weights, and returns that penalty.
    pub fn penalise_distance(&self, policy: &dyn CausalLm, coefficient: f64) -> Result<f64> {
        let model = self.model.as_ref().ok_or_else(not_precomputed)?;
        tch::no_grad(|| {
            let mut sum = 0.0;
            for (name, weight) in policy.parameters().iter() {
                let anchor = model.parameters().get(name).ok_or_else(|| missing(name))?;
                let distance = weight.f_sub(anchor)?;
                sum += distance.f_to_kind(Kind::Float)?.f_square()?.f_sum(Kind::Double)?.f_double_value(&[])?;
                let _ = weight.grad().f_add_(&distance.f_mul_scalar(2.0 * coefficient)?)?;
            }
            Ok(coefficient * sum)
        })
    }

    pub fn save_tensors(&self, dir: &Path) -> Result<()> {
        save_safetensors(&dir.join(LOGPS), [("train", self.train.values())], false)
            .map_err(align_models::Error::from)?;
        if let Some(model) = self.model.as_ref().filter(|_| self.moved) {
            save_safetensors(&dir.join(WEIGHTS), model.parameters().iter(), false)
                .map_err(align_models::Error::from)?;
        }
        Ok(())
    }

    pub fn load_tensors(&mut self, dir: &Path) -> Result<()> {
        let fail = |path: &Path, reason: String| Error::Checkpoint { path: path.to_owned(), reason };
        // Held-out rows may differ from run to run, so only the training rows' log-probabilities are kept.
        let path = dir.join(LOGPS);
        let file = Checkpoint::open_safetensors(&path).map_err(align_models::Error::from)?;
        if !self.train.load(&file.read("train").map_err(align_models::Error::from)?)? {
            let shape = self.train.values().size();
            return Err(fail(&path, format!("its tensor train is not one of float32 of the shape {shape:?}")));
        }
        let path = dir.join(WEIGHTS);
        if path.exists() {
            let file = Checkpoint::open_safetensors(&path).map_err(align_models::Error::from)?;
            let model = self.model.as_ref().ok_or_else(not_precomputed)?;
            load_weights(model.parameters(), &file, &path)?;
            self.eval.forget()?;
            self.moved = true;
        }
        Ok(())
    }

    /// The model, unless it is the policy or is unloaded, and its log-probabilities of a split's rows.
    pub fn model_and_remembered(&mut self, split: Split) -> (Option<&dyn CausalLm>, &mut RememberedLogps) {
        let remembered = if split == Split::Train { &mut self.train } else { &mut self.eval };
        (self.model.as_deref(), remembered)
    }

    /// Frees the model's memory, once all its log-probabilities are known.
    pub fn unload(&mut self) {
        self.model = None;
    }
}

fn not_precomputed() -> Error {
    Error::Data(
        "the reference is unloaded, and its log-probabilities of these rows are not among the precomputed ones".into(),
    )
}

fn missing(name: &str) -> Error {
    Error::Data(format!(
        "policy and reference do not both have a weight {name}: take a reference of the same architecture"
    ))
}
