use crate::lora::{Adapter, LoraLayer};
use crate::{Error, Parameters, Result};
use align_torch::PackedLinear;
use std::fmt::Display;
use tch::Tensor;

/// Looks up the weights of a module by name, similar to `VarBuilder` in candle.
///
/// ```
/// use align_models::{Parameters, layers::{Linear, Weights}};
/// use tch::{Device, Kind, Tensor};
///
/// let ones = |shape: &[i64]| Tensor::ones(shape, (Kind::Float, Device::Cpu));
/// let named = vec![("model.up.weight".to_owned(), ones(&[3, 2])), ("model.up.bias".to_owned(), ones(&[3]))];
/// let parameters = Parameters::new(named);
/// let up = Linear::load(&Weights::new(&parameters).child("model").child("up"), true)?;
/// assert_eq!(Vec::<f32>::try_from(up.forward(&ones(&[2]), false)?).unwrap(), [3.0, 3.0, 3.0]);
/// # Ok::<(), align_models::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Weights<'a> {
    parameters: &'a Parameters,
    prefix: String,
    pack: bool,
    adapter: Option<Adapter<'a>>,
}

impl<'a> Weights<'a> {
    /// The weights of a whole model.
    #[must_use]
    pub fn new(parameters: &'a Parameters) -> Self {
        Self { parameters, prefix: String::new(), pack: false, adapter: None }
    }

    /// Adds an adapter for some of the linear layers.
    #[must_use]
    pub fn with_adapter(self, adapter: Option<Adapter<'a>>) -> Self {
        Self { adapter, ..self }
    }

    /// Packs linear layers for inference, if the processor supports it.
    #[must_use]
    pub fn packed(self) -> Self {
        Self { pack: true, ..self }
    }

    /// The weights of a submodule. `name` may contain dots.
    #[must_use]
    pub fn child(&self, name: impl Display) -> Self {
        Self { prefix: format!("{}{name}.", self.prefix), ..*self }
    }

    /// The weight with this name, in the same memory.
    ///
    /// # Errors
    /// There is no such weight.
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        let name = format!("{}{name}", self.prefix);
        let tensor = self.parameters.get(&name);
        tensor
            .map(Tensor::shallow_clone)
            .ok_or_else(|| Error::Input(format!("the parameters do not contain the tensor {name}")))
    }

    /// The name of the module.
    pub(crate) fn name(&self) -> &str {
        self.prefix.trim_end_matches('.')
    }

    /// The adapter of this module.
    pub(crate) fn adapter_layer(&self) -> Option<LoraLayer> {
        self.adapter.as_ref().and_then(|adapter| adapter.layer(self.name()))
    }

    /// Packs a linear layer if requested and supported on this machine. `weight` is `(out, in)`.
    pub(crate) fn pack(&self, weight: &Tensor, bias: Option<&Tensor>) -> Option<PackedLinear> {
        if !self.pack {
            return None;
        }
        match PackedLinear::new(weight, bias) {
            Ok(packed) => Some(packed),
            Err(error) => {
                tracing::debug!(%error, layer = self.prefix, "the layer is not packed");
                None
            }
        }
    }
}
