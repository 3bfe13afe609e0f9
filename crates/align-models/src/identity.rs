//! The identity of a model: a digest of its weights, and its hyper-parameters.

use crate::pretrained_config::dtype_name;
use crate::{Parameters, Result, TrainableModel};
use align_base::files::Hasher;
use align_base::option_differences;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::{Device, Kind, Tensor};

/// Elements hashed at a time.
const CHUNK: i64 = 1 << 18;

/// The hyper-parameters of a model and a digest of its weights, including those of an adapter and its frozen base model.
///
/// Two models with the same identity compute the same numbers in the same environment ([`align_torch::Environment`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelIdentity {
    /// [`TrainableModel::hyper_parameters`].
    pub config: Value,
    /// The dtype of the weights. With an adapter, the dtype of the frozen weights.
    pub dtype: String,
    /// Digest of the names, dtypes, shapes and values of all weights.
    pub weights: String,
}

impl ModelIdentity {
    /// Computes the identity of a model. Reads all weights.
    ///
    /// # Errors
    /// The config cannot be serialised to JSON, or there is not enough memory.
    pub fn of<M: TrainableModel + ?Sized>(model: &M) -> Result<Self> {
        let all = model.parameters().iter().chain(model.frozen_parameters().into_iter().flat_map(Parameters::iter));
        Ok(Self { config: model.hyper_parameters()?, dtype: dtype(model), weights: tensors_digest("weights", all)? })
    }

    /// Describes each difference from a `saved` identity. Empty if they are equal.
    ///
    /// ```
    /// # use align_models::ModelIdentity;
    /// let of = |n_head: i64| ModelIdentity {
    ///     config: serde_json::json!({ "n_head": n_head }), dtype: "float32".into(), weights: "00".into()
    /// };
    /// assert_eq!(of(8).differences(&of(4)), ["n_head was 4, is now 8"]);
    /// ```
    #[must_use]
    pub fn differences(&self, saved: &Self) -> Vec<String> {
        let mut found = option_differences(&saved.config, &self.config);
        if saved.dtype != self.dtype {
            found.push(format!("dtype was {}, is now {}", saved.dtype, self.dtype));
        }
        if saved.weights != self.weights {
            found.push("the weights differ".to_owned());
        }
        found
    }
}

/// The name of the dtype that a model computes in.
pub fn dtype<M: TrainableModel + ?Sized>(model: &M) -> String {
    let weights = model.frozen_parameters().unwrap_or(model.parameters());
    let kind = weights.iter().next().map_or(Kind::Float, |(_, weight)| weight.kind());
    dtype_name(kind).map_or_else(|| format!("{kind:?}"), str::to_owned)
}

/// Digest of the names, dtypes, shapes and values of tensors, in the given order. It also depends on `purpose`.
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

/// The hyper-parameters of a config as JSON.
pub(crate) fn hyper_parameters(config: &impl Serialize) -> Result<Value> {
    serde_json::to_value(config)
        .map_err(|e| crate::Error::Input(format!("the config cannot be serialised to JSON: {e}")))
}

/// The differences between the architectures of two models, whose hyper-parameters are given: all but those of dropout, which only training
/// uses.
#[must_use]
pub fn architecture_differences(first: &Value, second: &Value) -> Vec<String> {
    option_differences(&without_dropout(first), &without_dropout(second))
}

fn without_dropout(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let is_dropout = |name: &str| name.ends_with("pdrop") || name.ends_with("dropout");
            let kept = fields.iter().filter(|(name, _)| !is_dropout(name));
            Value::Object(kept.map(|(name, value)| (name.clone(), without_dropout(value))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dropout_is_no_part_of_an_architecture() {
        let config = |layers: u32, dropout: f64| serde_json::json!({ "n_layer": layers, "resid_pdrop": dropout, "inner": { "attention_dropout": dropout } });
        assert!(architecture_differences(&config(2, 0.0), &config(2, 0.1)).is_empty());
        assert_eq!(architecture_differences(&config(2, 0.0), &config(3, 0.1)), ["n_layer was 2, is now 3"]);
    }

    #[test]
    fn digests_depend_on_values_shape_name_and_dtype() {
        let digest = |name: &str, tensor: &Tensor| tensors_digest("test", [(name, tensor)]).unwrap();
        let x = Tensor::arange(600_000, (Kind::Float, Device::Cpu));
        let same = digest("x", &x);
        assert_eq!(digest("x", &x.copy()), same);
        // A view that is not contiguous has the digest of its values.
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
