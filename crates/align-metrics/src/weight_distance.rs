use crate::compensated_sum::CompensatedSum;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Number of weights summed without compensation before they are added to the compensated sum.
const CHUNK: usize = 1024;

/// The distance of the weights of two models, such as a policy and the model it was trained from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightDistance {
    /// All tensors as one vector.
    pub all: Distance,
    /// Each tensor, in the first model's order.
    pub tensors: Vec<TensorDistance>,
}

/// The distance of two tensors with the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TensorDistance {
    /// The name of the tensor.
    pub name: String,
    /// The distance.
    pub distance: Distance,
}

/// The distance of a vector `b` from a vector `a`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// Number of elements.
    pub elements: usize,
    /// `‖b - a‖`.
    pub l2: f64,
    /// `‖b - a‖ / ‖a‖`; `None` if `a` is 0.
    pub relative_l2: Option<f64>,
    /// `1 - a·b / (‖a‖ ‖b‖)`, from 0 to 2; `None` if `a` or `b` is 0.
    pub cosine_distance: Option<f64>,
}

impl WeightDistance {
    /// Compares the weights of two models by name. Their order does not matter.
    ///
    /// ```
    /// use align_metrics::WeightDistance;
    /// let before = [("wte", vec![3.0_f32, 4.0]), ("bias", vec![0.0])];
    /// let after = [("wte", vec![3.0_f32, 4.5]), ("bias", vec![0.5])];
    /// let found = WeightDistance::of(before, after)?;
    /// assert_eq!(found.tensors[0].distance.relative_l2, Some(0.1));
    /// assert_eq!(found.tensors[1].distance.relative_l2, None); // from 0, every change is infinite
    /// assert!((found.all.l2 - 0.5f64.sqrt()).abs() < 1e-12);
    /// # Ok::<(), align_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// No tensors, a tensor that a model lacks or has twice or that has different sizes, or a weight that is not finite.
    pub fn of<N: AsRef<str>, W: AsRef<[f32]>, M: AsRef<str>, V: AsRef<[f32]>>(
        first: impl IntoIterator<Item = (N, W)>,
        second: impl IntoIterator<Item = (M, V)>,
    ) -> Result<Self> {
        let mut others: HashMap<String, V> = HashMap::new();
        let mut order = Vec::new();
        for (name, weights) in second {
            let name = name.as_ref().to_owned();
            order.push(name.clone());
            if others.insert(name.clone(), weights).is_some() {
                return Err(Error::TensorTwice { name, side: "second" });
            }
        }
        let (mut all, mut tensors) = (DistanceSums::default(), Vec::<TensorDistance>::new());
        for (name, weights) in first {
            let name = name.as_ref().to_owned();
            let Some(other) = others.remove(&name) else {
                let is_twice = tensors.iter().any(|tensor| tensor.name == name);
                let side = "first";
                return Err(if is_twice {
                    Error::TensorTwice { name, side }
                } else {
                    Error::TensorMissing { name, side }
                });
            };
            let sums = DistanceSums::of(&name, weights.as_ref(), other.as_ref())?;
            all.add(&sums);
            tensors.push(TensorDistance { name, distance: sums.distance() });
        }
        if let Some(name) = order.into_iter().find(|name| others.contains_key(name)) {
            return Err(Error::TensorMissing { name, side: "second" });
        }
        if tensors.is_empty() {
            return Err(Error::Empty("tensors"));
        }
        Ok(Self { all: all.distance(), tensors })
    }
}

/// The sums from which the distance of `b` from `a` is computed, tensor by tensor.
///
/// ```
/// use align_metrics::DistanceSums;
/// let mut sums = DistanceSums::of("wte", &[3.0, 4.0], &[3.0, 4.5])?;
/// sums.add(&DistanceSums::of("bias", &[0.0], &[0.5])?);
/// assert_eq!(sums.distance().relative_l2, Some(0.5f64.sqrt() / 5.0));
/// # Ok::<(), align_metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct DistanceSums {
    elements: usize,
    /// `‖a‖²`.
    first: CompensatedSum,
    /// `‖b‖²`.
    second: CompensatedSum,
    /// `‖b - a‖²`.
    moved: CompensatedSum,
    /// `‖b‖² - ‖a‖²`, more accurate than the difference of the two norms.
    grown: CompensatedSum,
}

impl DistanceSums {
    /// The sums of a tensor with this name.
    ///
    /// # Errors
    /// Tensors of different sizes, or a weight that is not finite.
    pub fn of(name: &str, a: &[f32], b: &[f32]) -> Result<Self> {
        if a.len() != b.len() {
            return Err(Error::TensorSize { name: name.to_owned(), first: a.len(), second: b.len() });
        }
        for (weights, side) in [(a, "first"), (b, "second")] {
            if let Some((at, value)) = weights.iter().enumerate().find(|(_, weight)| !weight.is_finite()) {
                return Err(Error::TensorValue { name: name.to_owned(), element: at + 1, side, value: *value });
            }
        }
        let mut sums = Self { elements: a.len(), ..Self::default() };
        for (a, b) in a.chunks(CHUNK).zip(b.chunks(CHUNK)) {
            let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
            sums.first.add(pairs().map(|(a, _)| a * a).sum());
            sums.second.add(pairs().map(|(_, b)| b * b).sum());
            sums.moved.add(pairs().map(|(a, b)| (b - a) * (b - a)).sum());
            sums.grown.add(pairs().map(|(a, b)| (b - a) * (b + a)).sum());
        }
        Ok(sums)
    }

    /// Adds the sums of another tensor.
    pub fn add(&mut self, other: &Self) {
        self.elements += other.elements;
        self.first.add(other.first.value());
        self.second.add(other.second.value());
        self.moved.add(other.moved.value());
        self.grown.add(other.grown.value());
    }

    /// The distance of all added tensors as one vector.
    #[must_use]
    pub fn distance(&self) -> Distance {
        let (first, second) = (self.first.value().sqrt(), self.second.value().sqrt());
        let moved = self.moved.value();
        // ‖b - a‖² = (‖b‖ - ‖a‖)² + 2 (‖a‖ ‖b‖ - a·b). For nearly equal weights a·b would lose all digits.
        let longer = self.grown.value() / (first + second);
        let cosine_distance = ((moved - longer * longer) / (2.0 * first * second)).clamp(0.0, 2.0);
        Distance {
            elements: self.elements,
            l2: moved.sqrt(),
            relative_l2: (first > 0.0).then(|| moved.sqrt() / first),
            cosine_distance: (first > 0.0 && second > 0.0).then_some(cosine_distance),
        }
    }
}
