use crate::Result;
use std::iter;
use tch::{Device, Kind, Tensor};

/// A frozen model's log-probabilities of each row, filled as rows are first seen, so that later epochs need not run it
/// again.
#[derive(Debug)]
pub(crate) struct RememberedLogps {
    /// Where each row's begin, and where the last row's end.
    starts: Vec<i64>,
    /// Row by row, float32 in main memory; NaN where unknown.
    values: Tensor,
}

impl RememberedLogps {
    /// Room for rows of so many numbers.
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

    /// Where a row's numbers begin; the end for a row that there is not.
    pub fn start(&self, row: usize) -> i64 {
        self.starts.get(row).or(self.starts.last()).copied().unwrap_or_default()
    }

    /// The numbers at some places, `(n)`, if all are known.
    pub fn get(&self, places: &Tensor) -> Result<Option<Tensor>> {
        let found = self.values.f_index_select(0, places)?;
        let unknown = found.f_isnan()?.f_any()?.f_int64_value(&[])? != 0;
        Ok((!unknown).then_some(found))
    }

    /// Keeps numbers `(n)` at their places.
    pub fn set(&mut self, places: &Tensor, found: &Tensor) -> Result<()> {
        let _ = self.values.f_index_copy_(0, places, found)?;
        Ok(())
    }

    /// Forgets everything: the model has moved.
    pub fn forget(&mut self) -> Result<()> {
        let _ = self.values.f_fill_(f64::NAN)?;
        Ok(())
    }

    /// All rows' as a float32 vector.
    pub fn values(&self) -> &Tensor {
        &self.values
    }

    /// Takes back what [`RememberedLogps::values`] gave; `false` where it has another shape or dtype.
    pub fn load(&mut self, tensor: &Tensor) -> Result<bool> {
        if tensor.size() != self.values.size() || tensor.kind() != Kind::Float {
            return Ok(false);
        }
        self.values.f_copy_(tensor)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_are_known_once_they_were_set() {
        let places = |places: &[i64]| Tensor::from_slice(places);
        let mut remembered = RememberedLogps::new([2, 0, 3].into_iter()).unwrap();
        assert_eq!([0, 1, 2, 3, 9].map(|row| remembered.start(row)), [0, 2, 2, 5, 5]);
        assert_eq!(remembered.get(&places(&[0, 1])).unwrap(), None);
        assert!(remembered.get(&places(&[])).unwrap().is_some());
        let found = Tensor::from_slice(&[-3.0f32, -1.0, -2.0]);
        remembered.set(&places(&[4, 2, 3]), &found).unwrap();
        assert_eq!(remembered.get(&places(&[1, 2])).unwrap(), None);
        assert_eq!(remembered.get(&places(&[4, 2, 3])).unwrap(), Some(found));
        remembered.set(&places(&[9]), &Tensor::from_slice(&[-1.0f32])).unwrap_err();
        let mut other = RememberedLogps::new([2, 0, 3].into_iter()).unwrap();
        assert!(other.load(remembered.values()).unwrap());
        assert_eq!(other.get(&places(&[2, 3])).unwrap(), Some(Tensor::from_slice(&[-1.0f32, -2.0])));
        let mut shorter = RememberedLogps::new([2, 1].into_iter()).unwrap();
        assert!(!shorter.load(remembered.values()).unwrap());
        other.forget().unwrap();
        assert_eq!(other.get(&places(&[2])).unwrap(), None);
    }
}
