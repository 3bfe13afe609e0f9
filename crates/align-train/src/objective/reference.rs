use super::Split;
use super::gather::gather_rows;
use super::logps_cache::{LogpsCache, with_positions};
use super::pair_micro_batch::PairMicroBatch;
use super::row::{Row, check_rows, check_statistics};
use crate::load_weights::load_weights;
use crate::{Error, Result};
use align_data::streaming::RowStatistics;
use align_distributed::ProcessGroup;
use align_models::checkpoint::{Checkpoint, save_safetensors};
use align_models::{CausalLm, ModelIdentity};
use align_torch::gradient_or_zeros;
use std::collections::VecDeque;
use std::path::Path;
use tch::{Device, Kind, Tensor};

const LOGPS: &str = "reference_logps.safetensors";
const WEIGHTS: &str = "reference.safetensors";

/// The reference model and its log-probabilities, which are cached by row.
#[derive(Debug)]
pub(crate) struct Reference {
    /// `None` if all log-probabilities are precomputed.
    model: Option<Box<dyn CausalLm>>,
    train: LogpsCache,
    eval: LogpsCache,
    /// The identity of the initial reference model.
    identity: ModelIdentity,
    /// Whether the model differs from the initial one, because of [`Reference::sync`].
    updated: bool,
    /// The positions and values that this process has computed for training rows since the last exchange, each `(n, 2)`, float64. Empty if
    /// there is only one process.
    computed: Vec<Tensor>,
    /// Whether other processes need what this one computes.
    exchanges: bool,
    /// Whether training rows are streamed. Their log-probabilities are computed each time, because those of all rows may not fit in memory.
    streams: bool,
    /// The [ids and masks](PairMicroBatch::ids_and_mask) of micro-batches of the next steps, and their log-probabilities, which were computed
    /// before these steps.
    ahead: VecDeque<(Tensor, Tensor)>,
}

impl Reference {
    /// The `given` model, or a copy of the policy.
    pub fn new(given: Option<Box<dyn CausalLm>>, policy: &dyn CausalLm) -> Result<Self> {
        let model = match given {
            Some(given) => given,
            None => policy.frozen_copy()?,
        };
        Self::of(Some(model), policy)
    }

    /// The `given` model, or the policy itself without a copy: for log-probabilities that are computed before training.
    pub fn for_precomputing(given: Option<Box<dyn CausalLm>>, policy: &dyn CausalLm) -> Result<Self> {
        Self::of(given, policy)
    }

    fn of(model: Option<Box<dyn CausalLm>>, policy: &dyn CausalLm) -> Result<Self> {
        if let Some(model) = &model {
            if model.vocab_size() != policy.vocab_size() {
                let (ours, theirs) = (policy.vocab_size(), model.vocab_size());
                return Err(Error::Data(format!(
                    "the policy has {ours} token ids, the reference model has {theirs}: use a reference model with the same tokeniser"
                )));
            }
            model.parameters().set_requires_grad(false);
        }
        let identity = ModelIdentity::of(model.as_deref().unwrap_or(policy))?;
        let empty = || LogpsCache::new(std::iter::empty());
        Ok(Self {
            model,
            train: empty()?,
            eval: empty()?,
            identity,
            updated: false,
            computed: Vec::new(),
            exchanges: false,
            streams: false,
            ahead: VecDeque::new(),
        })
    }

    /// The identity of the initial reference model.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// Allocates the cache for the rows of a split, with `count` values for each row.
    pub fn prepare<R: Row>(
        &mut self,
        (split, rows): (Split, &[R]),
        group: &ProcessGroup,
        count: impl Fn(&R) -> usize,
    ) -> Result<()> {
        self.exchanges = !group.is_single();
        if let Some(model) = &self.model {
            check_rows(rows, model, split.name())?;
        }
        *self.model_and_cache(split).1 = LogpsCache::new(rows.iter().map(count))?;
        Ok(())
    }

    /// Prepares for training rows that are streamed.
    pub fn prepare_streaming(&mut self, rows: RowStatistics) -> Result<()> {
        self.streams = true;
        match &self.model {
            Some(model) => check_statistics(rows, model.vocab_size(), model.max_position_embeddings()),
            None => Ok(()),
        }
    }

    /// The reference log-probabilities at some positions of a split's cache, `(n)`, float32 on the CPU. If any is not cached, all are
    /// computed with `compute`, in the same order, and cached.
    pub fn logps(
        &mut self,
        split: Split,
        positions: impl FnOnce(&LogpsCache) -> Result<Tensor>,
        compute: impl FnOnce(&dyn CausalLm) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let on_cpu = |logps: Tensor| logps.f_reshape([-1])?.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu);
        if self.streams && split == Split::Train {
            return Ok(on_cpu(compute(self.model()?)?)?);
        }
        let cache = if split == Split::Train { &mut self.train } else { &mut self.eval };
        let positions = positions(cache)?;
        if let Some(cached) = cache.get(&positions)? {
            return Ok(cached);
        }
        let model = self.model.as_deref().ok_or_else(not_precomputed)?;
        let computed = on_cpu(compute(model)?)?;
        cache.set(&positions, &computed)?;
        if self.exchanges && split == Split::Train {
            self.computed.push(with_positions(&positions, &computed)?);
        }
        Ok(computed)
    }

    /// Whether training rows are streamed.
    pub fn streams(&self) -> bool {
        self.streams
    }

    /// Keeps the log-probabilities `(n)` of a micro-batch for a later step.
    pub fn push_ahead(&mut self, micro_batch: &PairMicroBatch, logps: Tensor) -> Result<()> {
        self.ahead.push_back((micro_batch.ids_and_mask()?, logps));
        Ok(())
    }

    /// The log-probabilities of a micro-batch, if it is the next one of those that were computed ahead.
    pub fn pop_ahead(&mut self, micro_batch: &PairMicroBatch) -> Result<Option<Tensor>> {
        let Some((next, _)) = self.ahead.front() else { return Ok(None) };
        let own = micro_batch.ids_and_mask()?;
        let is_next = next.size() == own.size() && next.f_equal(&own)?;
        Ok(if is_next { self.ahead.pop_front().map(|(_, logps)| logps) } else { None })
    }

    /// Drops what was computed for later steps.
    pub fn clear_ahead(&mut self) {
        self.ahead.clear();
    }

    /// Gives the other processes what this one has computed for training rows, since they may have these rows in the next epoch. All
    /// processes call this after each batch. Held-out rows are always shared out in the same way.
    pub fn exchange(&mut self, split: Split, group: &ProcessGroup) -> Result<()> {
        if split == Split::Eval || group.is_single() || self.streams {
            return Ok(());
        }
        let none = Tensor::f_zeros([0, 2], (Kind::Double, Device::Cpu))?;
        let own: Vec<Tensor> = std::iter::once(none).chain(self.computed.drain(..)).collect();
        self.train.set_with_positions(&gather_rows(group, &Tensor::f_cat(&own, 0)?)?)
    }

    /// Removes all cached log-probabilities, after the way that they are computed has changed.
    pub fn clear(&mut self) -> Result<()> {
        self.clear_ahead();
        self.train.clear()?;
        self.eval.clear()
    }

    /// The reference model.
    pub fn model(&self) -> Result<&dyn CausalLm> {
        self.model.as_deref().ok_or_else(not_precomputed)
    }

    /// Updates the reference model towards the policy (TR-DPO, arXiv:2404.09656): `π_ref ← α π + (1 - α) π_ref`, weight by weight.
    pub fn sync(&mut self, policy: &dyn CausalLm, alpha: f64) -> Result<()> {
        let model = self.model()?;
        tch::no_grad(|| {
            for (name, weight) in model.parameters().iter() {
                let target = policy.parameters().get(name).ok_or_else(|| missing(name))?;
                let _ = weight.shallow_clone().f_mul_scalar_(1.0 - alpha)?.f_add_(&target.f_mul_scalar(alpha)?)?;
            }
            Ok::<(), Error>(())
        })?;
        self.clear()?;
        self.updated = true;
        Ok(())
    }

    /// Computes the penalty `coefficient · Σ ‖θ - θ_ref‖²` over all weights and adds its gradient to the policy's.
    pub fn penalise_distance(&self, policy: &dyn CausalLm, coefficient: f64) -> Result<f64> {
        let model = self.model()?;
        tch::no_grad(|| {
            let mut sum = 0.0;
            for (name, weight) in policy.parameters().iter() {
                let reference = model.parameters().get(name).ok_or_else(|| missing(name))?;
                let distance = weight.f_sub(reference)?;
                sum += distance.f_to_kind(Kind::Float)?.f_square()?.f_sum(Kind::Double)?.f_double_value(&[])?;
                let _ = gradient_or_zeros(weight)?.f_add_(&distance.f_mul_scalar(2.0 * coefficient)?)?;
            }
            Ok(coefficient * sum)
        })
    }

    pub fn save_tensors(&self, dir: &Path) -> Result<()> {
        save_safetensors(&dir.join(LOGPS), [("train", self.train.values())], false)
            .map_err(align_models::Error::from)?;
        if let Some(model) = self.model.as_ref().filter(|_| self.updated) {
            save_safetensors(&dir.join(WEIGHTS), model.parameters().iter(), false)
                .map_err(align_models::Error::from)?;
        }
        Ok(())
    }

    pub fn load_tensors(&mut self, dir: &Path) -> Result<()> {
        let fail = |path: &Path, reason: String| Error::Checkpoint { path: path.to_owned(), reason };
        // A resumed run may have other held-out rows, so only the log-probabilities of training rows are saved.
        let path = dir.join(LOGPS);
        let file = Checkpoint::open_safetensors(&path).map_err(align_models::Error::from)?;
        if !self.train.load(&file.read("train").map_err(align_models::Error::from)?)? {
            let shape = self.train.values().size();
            return Err(fail(&path, format!("its tensor \"train\" should be float32 of shape {shape:?}")));
        }
        let path = dir.join(WEIGHTS);
        if path.exists() {
            let file = Checkpoint::open_safetensors(&path).map_err(align_models::Error::from)?;
            let model = self.model.as_ref().ok_or_else(not_precomputed)?;
            load_weights(model.parameters(), &file, &path)?;
            self.eval.clear()?;
            self.updated = true;
        }
        Ok(())
    }

    /// The model (`None` if it is the policy or is unloaded), and the cache of a split.
    pub fn model_and_cache(&mut self, split: Split) -> (Option<&dyn CausalLm>, &mut LogpsCache) {
        let cache = if split == Split::Train { &mut self.train } else { &mut self.eval };
        (self.model.as_deref(), cache)
    }

    /// Frees the model's memory once all its log-probabilities are cached.
    pub fn unload(&mut self) {
        self.model = None;
    }
}

fn not_precomputed() -> Error {
    Error::Data(
        "the reference log-probabilities of these rows were not precomputed, and the reference model is unloaded"
            .into(),
    )
}

fn missing(name: &str) -> Error {
    Error::Data(format!(
        "the weight {name} is missing from the policy or the reference model: use a reference model of the same architecture"
    ))
}
