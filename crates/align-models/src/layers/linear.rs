use super::{Activation, Weights};
use crate::Result;
use crate::linear_layer_info::LinearLayerInfo;
use crate::lora::LoraLayer;
use align_torch::{PackedActivation, PackedLinear};
use tch::Tensor;

/// A linear layer `x Wᵀ + b`, with or without `b`, and with an adapter if it has one.
#[derive(Debug)]
pub struct Linear {
    /// Its name in the checkpoint.
    name: String,
    product: Product,
    adapter: Option<LoraLayer>,
}

#[derive(Debug)]
enum Product {
    /// `W` of shape `(out, in)`.
    Plain { weight: Tensor, bias: Option<Tensor> },
    /// `Wᵀ`, `(in, out)`: how GPT-2's checkpoints store their linear layers.
    Transposed { weight: Tensor, bias: Option<Tensor> },
    /// Packed for inference.
    Packed(PackedLinear),
}

impl Linear {
    /// A layer whose weight is `(out, in)`, with or without a bias.
    ///
    /// # Errors
    /// A weight that is missing.
    pub fn load(w: &Weights, bias: bool) -> Result<Self> {
        let (weight, bias) = tensors(w, bias)?;
        let packed = w.pack(&weight, bias.as_ref());
        Ok(Self::new(w, packed.map_or_else(|| Product::Plain { weight, bias }, Product::Packed)))
    }

    /// A layer whose weight is `(in, out)`, with or without a bias.
    ///
    /// # Errors
    /// A weight that is missing.
    pub fn load_transposed(w: &Weights, bias: bool) -> Result<Self> {
        let (weight, bias) = tensors(w, bias)?;
        let packed = w.pack(&weight.f_tr()?, bias.as_ref());
        Ok(Self::new(w, packed.map_or_else(|| Product::Transposed { weight, bias }, Product::Packed)))
    }

    fn new(w: &Weights, product: Product) -> Self {
        Self { name: w.name().to_owned(), product, adapter: w.adapter_layer() }
    }

    /// Maps `(…, in)` to `(…, out)`. `training` turns the dropout of the adapter on.
    ///
    /// # Errors
    /// The input has another width.
    pub fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor> {
        let y = self.product.forward(x)?;
        match &self.adapter {
            None => Ok(y),
            Some(adapter) => adapter.add_to(&y, x, training),
        }
    }

    /// Computes the activation of [`Linear::forward`], fused with the product if the layer is packed.
    ///
    /// # Errors
    /// The errors of [`Linear::forward`].
    pub fn forward_activated(&self, x: &Tensor, activation: Activation, training: bool) -> Result<Tensor> {
        let fused = match activation {
            Activation::Gelu => Some(PackedActivation::Gelu),
            Activation::GeluNew => Some(PackedActivation::GeluTanh),
            Activation::Relu => Some(PackedActivation::Relu),
            _ => None,
        };
        match (&self.product, fused, &self.adapter) {
            (Product::Packed(packed), Some(fused), None) => Ok(packed.forward(x, fused)?),
            _ => activation.forward(&self.forward(x, training)?),
        }
    }

    /// Width of the output; 0 if it is packed.
    pub(crate) fn outputs(&self) -> i64 {
        self.sizes().map_or(0, |(_, outputs)| outputs)
    }

    /// The description of the layer for adapters, as a layer of the given block; `None` if it is packed.
    ///
    /// `input_is_saved` and `shares_input` are fields of [`LinearLayerInfo`].
    #[must_use]
    pub fn info(&self, block: usize, input_is_saved: bool, shares_input: bool) -> Option<LinearLayerInfo> {
        let (inputs, outputs) = self.sizes()?;
        let transposed = matches!(self.product, Product::Transposed { .. });
        Some(LinearLayerInfo {
            name: self.name.clone(),
            inputs,
            outputs,
            transposed,
            block,
            input_is_saved,
            shares_input,
        })
    }

    fn sizes(&self) -> Option<(i64, i64)> {
        match &self.product {
            Product::Plain { weight, .. } => weight.size2().ok().map(|(outputs, inputs)| (inputs, outputs)),
            Product::Transposed { weight, .. } => weight.size2().ok(),
            Product::Packed(_) => None,
        }
    }

    /// Clones the layer. Both share the same memory.
    pub(crate) fn shallow_clone(&self) -> Self {
        let name = self.name.clone();
        Self {
            name,
            product: self.product.shallow_clone(),
            adapter: self.adapter.as_ref().map(LoraLayer::shallow_clone),
        }
    }
}

impl Product {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Plain { weight, bias } => Ok(x.f_linear(weight, bias.as_ref())?),
            Self::Transposed { weight, bias } => {
                let mut shape = x.size();
                let (inputs, outputs) = weight.size2()?;
                if let Some(last) = shape.last_mut() {
                    *last = outputs;
                }
                let rows = x.f_reshape([-1, inputs])?;
                let product = match bias {
                    Some(bias) => bias.f_addmm(&rows, weight)?,
                    None => rows.f_mm(weight)?,
                };
                Ok(product.f_view(shape.as_slice())?)
            }
            Self::Packed(packed) => Ok(packed.forward(x, PackedActivation::Identity)?),
        }
    }

    fn shallow_clone(&self) -> Self {
        let bias_clone = |bias: &Option<Tensor>| bias.as_ref().map(Tensor::shallow_clone);
        match self {
            Self::Plain { weight, bias } => Self::Plain { weight: weight.shallow_clone(), bias: bias_clone(bias) },
            Self::Transposed { weight, bias } => {
                Self::Transposed { weight: weight.shallow_clone(), bias: bias_clone(bias) }
            }
            Self::Packed(packed) => Self::Packed(packed.shallow_clone()),
        }
    }
}

fn tensors(w: &Weights, bias: bool) -> Result<(Tensor, Option<Tensor>)> {
    Ok((w.tensor("weight")?, if bias { Some(w.tensor("bias")?) } else { None }))
}
