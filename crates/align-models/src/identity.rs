//! What a model computes, told so that it is known again.

use crate::pretrained_config::dtype_name;
use crate::{Parameters, Result, TrainableModel};
use align_base::differences;
use align_base::files::Hasher;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::{Device, Kind, Tensor};

/// Elements hashed at a time.
const CHUNK: i64 = 1 << 18;

/// What a model computes: its hyper-parameters and its weights, those of an adapter and those under it. Two models of the same
/// identity give the same numbers in the same environment ([`align_torch::Environment`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelIdentity {
    /// [`TrainableModel::hyper_parameters`].
    pub config: Value,
    /// The weights' dtype, that of the frozen ones under an adapter.
    pub dtype: String,
    /// Digest of all weights: names, dtypes, shapes, and every bit.
    pub weights: String,
}

impl ModelIdentity {
    /// The identity of a model as it stands. Each weight is read once.
    ///
    /// # Errors
    /// A config that JSON cannot hold, or not enough memory.
    pub fn of<M: TrainableModel + ?Sized>(model: &M) -> Result<Self> {
        let all = model.parameters().iter().chain(model.frozen_parameters().into_iter().flat_map(Parameters::iter));
        Ok(Self { config: model.hyper_parameters()?, dtype: dtype(model), weights: tensors_digest("weights", all)? })
    }

    /// What differs from the identity `there`, in words; nothing where they are the same.
    ///
    /// ```
    /// # use align_models::ModelIdentity;
    /// let of = |n_head: i64| ModelIdentity {
    ///     config: serde_json::json!({ "n_head": n_head }), dtype: "float32".into(), weights: "00".into()
    /// };
    /// assert_eq!(of(8).differences(&of(4)), ["n_head is 4 there, 8 here"]);
    /// ```
    #[must_use]
    pub fn differences(&self, there: &Self) -> Vec<String> {
        let mut found = differences(&there.config, &self.config);
        if there.dtype != self.dtype {
            found.push(format!("dtype is {} there, {} here", there.dtype, self.dtype));
        }
        if there.weights != self.weights {
            found.push("the weights differ".to_owned());
        }
        found
    }
}

/// The dtype that a model computes in.
pub fn dtype<M: TrainableModel + ?Sized>(model: &M) -> String {
    let weights = model.frozen_parameters().unwrap_or(model.parameters());
    let kind = weights.iter().next().map_or(Kind::Float, |(_, weight)| weight.kind());
    dtype_name(kind).map_or_else(|| format!("{kind:?}"), str::to_owned)
}

/// Digest of named tensors in their order: names, dtypes, shapes, and every bit. `purpose` keeps digests of different things apart.
///
/// # Errors
/// Not enough memory.
pub fn tensors_digest<'a>(purpose: &str, tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>) -> Result<String> {
    let (mut hasher, mut buffer) = (Hasher::new(purpose), Vec::new());
    for (name, tensor) in tensors {
        hasher.part(name.as_bytes()).part(format!("{:?} {:?}", tensor.kind(), tensor.size()).as_bytes());
        let flat = tensor.f_detach()?.f_contiguous()?.f_view(-1)?;
        let (count, size) = (flat.numel() as i64, flat.kind().elt_size_in_bytes());
        let mut done = 0;
        while done < count {
            let step = (count - done).min(CHUNK);
            let chunk = flat.f_narrow(0, done, step)?.f_to_device(Device::Cpu)?;
            buffer.resize(step as usize * size, 0);
            chunk.f_copy_data_u8(&mut buffer, step as usize)?;
            hasher.bytes(&buffer);
            done += step;
        }
    }
    Ok(hasher.digest())
}

/// The fields of a config that a model is made of, without what else its file held.
pub(crate) fn hyper_parameters(config: &impl Serialize) -> Result<Value> {
    serde_json::to_value(config).map_err(|e| crate::Error::Input(format!("the config cannot be written down: {e}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_bit_shape_name_and_dtype_counts() {
        let digest = |name: &str, tensor: &Tensor| tensors_digest("test", [(name, tensor)]).unwrap();
        let x = Tensor::arange(600_000, (Kind::Float, Device::Cpu));
        let same = digest("x", &x);
        assert_eq!(digest("x", &x.copy()), same);
        // A view with gaps is hashed by its numbers.
        let wide = Tensor::stack(&[&x, &x], 1);
        assert_eq!(digest("x", &wide.select(1, 1)), same);
        let moved = x.copy();
        let _ = moved.get(599_999).fill_(599_999.06);
        for (name, tensor) in [
            ("y", &x),
            ("x", &x.view([600, 1000])),
            ("x", &x.to_kind(Kind::Double)),
            ("x", &moved),
            ("x", &x.narrow(0, 0, 5)),
        ] {
            assert_ne!(digest(name, tensor), same);
        }
        let zeros = |kind| digest("x", &Tensor::zeros([4], (kind, Device::Cpu)));
        assert_ne!(zeros(Kind::Float), zeros(Kind::Int));
    }
}
