use crate::Result;
use tch::Tensor;

/// The weights of a model with their names in the checkpoint, in the order of the checkpoint.
#[derive(Debug)]
pub struct Parameters(Vec<(String, Tensor)>);

impl Parameters {
    /// Creates the parameters from named tensors.
    #[must_use]
    pub fn new(named: Vec<(String, Tensor)>) -> Self {
        Self(named)
    }

    /// Iterates over names and tensors.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The tensor with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, tensor)| tensor)
    }

    /// Number of tensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no tensors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of elements in all tensors.
    #[must_use]
    pub fn numel(&self) -> usize {
        self.0.iter().map(|(_, tensor)| tensor.numel()).sum()
    }

    /// The name of the first tensor with NaN or infinite values. Meant for error messages, since it reads all weights.
    ///
    /// # Errors
    /// Only errors of LibTorch.
    pub fn first_not_finite(&self) -> Result<Option<&str>> {
        for (name, tensor) in self.iter() {
            // The sum is finite if and only if all values are. It cannot overflow in float64.
            if !tensor.f_sum(tch::Kind::Double)?.f_double_value(&[])?.is_finite() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// The same weights, in the same memory.
    #[must_use]
    pub fn shallow_clone(&self) -> Self {
        Self(self.0.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect())
    }

    /// Copies all weights to new memory, without gradients.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn detached_copy(&self) -> Result<Self> {
        let copy = |(name, tensor): &(String, Tensor)| Ok((name.clone(), tensor.f_detach_copy()?));
        Ok(Self(self.0.iter().map(copy).collect::<Result<_>>()?))
    }

    /// Turns gradients on or off for all weights.
    pub fn set_requires_grad(&self, requires_grad: bool) {
        for (_, tensor) in &self.0 {
            let _ = tensor.set_requires_grad(requires_grad);
        }
    }
}
