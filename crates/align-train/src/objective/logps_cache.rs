use crate::Result;
use std::iter;
use tch::{Device, Kind, Tensor};

/// A frozen model's log-probabilities by row. Filled when a row is first seen, so that later epochs need not run the model again.
#[derive(Debug)]
pub(crate) struct LogpsCache {
    /// The start of each row's values, and the end of the last row's.
    starts: Vec<i64>,
    /// The values row by row, float32 on the CPU. Missing values are NaN.
    values: Tensor,
}

impl LogpsCache {
    /// An empty cache for rows with these numbers of values.
    pub fn new(counts: impl Iterator<Item = usize>) -> Result<Self> {
        let mut end = 0;
        let ends = counts.map(|count| {
            end += count as i64;
            end
        });
        let starts: Vec<i64> = iter::once(0).chain(ends).collect();
        let values = Tensor::f_full([end], f64::NAN, (Kind::Float, Device::Cpu))?;
        Ok(Self { starts, values })
    }

    /// The position of a row's first value; the end for a row that does not exist.
    pub fn start(&self, row: usize) -> i64 {
        self.starts.get(row).or(self.starts.last()).copied().unwrap_or_default()
    }

    /// The values at some positions, `(n)`, if none is missing.
    pub fn get(&self, positions: &Tensor) -> Result<Option<Tensor>> {
        let values = self.values.f_index_select(0, positions)?;
        let missing = values.f_isnan()?.f_any()?.f_int64_value(&[])? != 0;
        Ok((!missing).then_some(values))
    }

    /// Stores values `(n)` at their positions.
    pub fn set(&mut self, positions: &Tensor, values: &Tensor) -> Result<()> {
        let _ = self.values.f_index_copy_(0, positions, values)?;
        Ok(())
    }

    /// Stores what [`with_positions`] has joined.
    pub fn set_with_positions(&mut self, joined: &Tensor) -> Result<()> {
        self.set(&joined.f_select(1, 0)?.f_to_kind(Kind::Int64)?, &joined.f_select(1, 1)?.f_to_kind(Kind::Float)?)
    }

    /// Removes all values, after the model was updated.
    pub fn clear(&mut self) -> Result<()> {
        let _ = self.values.f_fill_(f64::NAN)?;
        Ok(())
    }

    /// The values of all rows as a float32 vector.
    pub fn values(&self) -> &Tensor {
        &self.values
    }

    /// Restores what [`LogpsCache::values`] returned; `false` for another shape or dtype.
    pub fn load(&mut self, tensor: &Tensor) -> Result<bool> {
        if tensor.size() != self.values.size() || tensor.kind() != Kind::Float {
            return Ok(false);
        }
        self.values.f_copy_(tensor)?;
        Ok(true)
    }
}

/// Positions and values in one tensor, `(n, 2)`, float64, which holds both exactly.
pub(crate) fn with_positions(positions: &Tensor, values: &Tensor) -> Result<Tensor> {
    Ok(Tensor::f_stack(&[positions.f_to_kind(Kind::Double)?, values.f_to_kind(Kind::Double)?], 1)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_are_cached_once_they_are_set() {
        let positions = |positions: &[i64]| Tensor::from_slice(positions);
        let mut cache = LogpsCache::new([2, 0, 3].into_iter()).unwrap();
        assert_eq!([0, 1, 2, 3, 9].map(|row| cache.start(row)), [0, 2, 2, 5, 5]);
        assert_eq!(cache.get(&positions(&[0, 1])).unwrap(), None);
        assert!(cache.get(&positions(&[])).unwrap().is_some());
        let found = Tensor::from_slice(&[-3.0f32, -1.0, -2.0]);
        cache.set(&positions(&[4, 2, 3]), &found).unwrap();
        assert_eq!(cache.get(&positions(&[1, 2])).unwrap(), None);
        assert_eq!(cache.get(&positions(&[4, 2, 3])).unwrap(), Some(found));
        cache.set(&positions(&[9]), &Tensor::from_slice(&[-1.0f32])).unwrap_err();
        let mut other = LogpsCache::new([2, 0, 3].into_iter()).unwrap();
        assert!(other.load(cache.values()).unwrap());
        assert_eq!(other.get(&positions(&[2, 3])).unwrap(), Some(Tensor::from_slice(&[-1.0f32, -2.0])));
        let mut shorter = LogpsCache::new([2, 1].into_iter()).unwrap();
        assert!(!shorter.load(cache.values()).unwrap());
        other.clear().unwrap();
        assert_eq!(other.get(&positions(&[2])).unwrap(), None);
    }
}
