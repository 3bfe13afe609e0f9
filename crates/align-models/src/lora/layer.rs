use crate::Result;
use crate::layers::dropout;
use tch::Tensor;

/// The low-rank matrices of one linear layer.
#[derive(Debug)]
pub(crate) struct LoraLayer {
    /// `(r, in)`.
    pub a: Tensor,
    /// `(out, r)`.
    pub b: Tensor,
    pub scaling: f64,
    pub dropout: f64,
    /// Whether the weight of the layer is `(in, out)`.
    pub transposed: bool,
}

impl LoraLayer {
    /// Clones the layer. Both share the same memory.
    pub fn shallow_clone(&self) -> Self {
        Self { a: self.a.shallow_clone(), b: self.b.shallow_clone(), ..*self }
    }

    /// Computes `y + scaling · dropout(x) Aᵀ Bᵀ` in the dtype of the adapter, and returns it in the dtype of `y`.
    pub fn add_to(&self, y: &Tensor, x: &Tensor, training: bool) -> Result<Tensor> {
        let (kind, inputs, outputs) = (self.a.kind(), self.a.size2()?.1, self.b.size2()?.0);
        let x = dropout(x.f_reshape([-1, inputs])?.f_to_kind(kind)?, self.dropout, training)?;
        let low = x.f_mm(&self.a.f_tr()?)?.f_mul_scalar(self.scaling)?;
        let sum = y.f_reshape([-1, outputs])?.f_to_kind(kind)?.f_addmm(&low, &self.b.f_tr()?)?;
        Ok(sum.f_to_kind(y.kind())?.f_view(y.size().as_slice())?)
    }

    /// Computes `W + scaling · B A` for a weight `W` `(out, in)`, or `W + scaling · (B A)ᵀ` for a weight `(in, out)`, in the dtype of `W`.
    pub fn merged_into(&self, weight: &Tensor) -> Result<Tensor> {
        let (left, right) = match self.transposed {
            true => (self.a.f_tr()?, self.b.f_tr()?),
            false => (self.b.shallow_clone(), self.a.shallow_clone()),
        };
        let left = left.f_mul_scalar(self.scaling)?;
        let sum = weight.f_to_kind(self.a.kind())?.f_addmm(&left, &right)?;
        Ok(sum.f_to_kind(weight.kind())?)
    }
}
