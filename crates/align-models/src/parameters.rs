use crate::Result;
use tch::Tensor;

/// A model's weights under their names in the checkpoint, in the checkpoint's order.
#[derive(Debug)]
pub struct Parameters(Vec<(String, Tensor)>);

impl Parameters {
    /// Takes the named tensors as they are.
    #[must_use]
    pub fn new(named: Vec<(String, Tensor)>) -> Self {
        Self(named)
    }

    /// Name and tensor of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The tensor of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, tensor)| tensor)
    }

    /// How many tensors there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of weights.
    #[must_use]
    pub fn numel(&self) -> usize {
        self.0.iter().map(|(_, tensor)| tensor.numel()).sum()
    }

    /// The name of the first tensor that holds NaN or an infinity: for messages, since it reads all weights.
    ///
    /// # Errors
    /// Only what LibTorch refuses.
    pub fn first_not_finite(&self) -> Result<Option<&str>> {
        for (name, tensor) in self.iter() {
            // A sum is finite only where every number is, but for an overflow, which float64 does not come to.
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

    /// Copies of all weights that share no memory with these and carry no gradient.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn detached_copy(&self) -> Result<Self> {
        let copy = |(name, tensor): &(String, Tensor)| Ok((name.clone(), tensor.f_detach_copy()?));
        Ok(Self(self.0.iter().map(copy).collect::<Result<_>>()?))
    }

    /// Whether gradients are kept for the weights.
    pub fn set_requires_grad(&self, requires_grad: bool) {
        for (_, tensor) in &self.0 {
            let _ = tensor.set_requires_grad(requires_grad);
        }
    }
}
