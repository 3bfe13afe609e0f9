use crate::Result;
use tch::{Kind, Tensor};

/// A frozen model's log-probabilities of each row, filled as rows are first seen, so that later epochs need not run it
/// again.
#[derive(Debug, Default)]
pub(crate) struct RememberedLogps {
    /// Where each row's begin, and where the last row's end.
    starts: Vec<usize>,
    /// Row by row; NaN where unknown.
    values: Vec<f32>,
}

impl RememberedLogps {
    /// Room for rows of so many numbers.
    pub fn new(counts: impl Iterator<Item = usize>) -> Self {
        let mut starts = vec![0];
        let mut end = 0;
        starts.extend(counts.map(|count| {
            end += count;
            end
        }));
        Self { starts, values: vec![f32::NAN; end] }
    }

    /// A row's, if they are known.
    pub fn row(&self, row: usize) -> Option<&[f32]> {
        let values = self.values.get(*self.starts.get(row)?..*self.starts.get(row + 1)?)?;
        (!values.iter().any(|value| value.is_nan())).then_some(values)
    }

    /// Keeps a row's; a row of another length stays unknown.
    pub fn set(&mut self, row: usize, found: &[f32]) {
        let (Some(&start), Some(&end)) = (self.starts.get(row), self.starts.get(row + 1)) else { return };
        if let Some(values) = self.values.get_mut(start..end)
            && values.len() == found.len()
        {
            values.copy_from_slice(found);
        }
    }

    /// Forgets everything: the model has moved.
    pub fn forget(&mut self) {
        self.values.fill(f32::NAN);
    }

    /// All rows' as a float32 vector.
    pub fn to_tensor(&self) -> Result<Tensor> {
        Ok(Tensor::f_from_slice(&self.values)?)
    }

    /// Takes back what [`RememberedLogps::to_tensor`] gave; `false` where it has another shape or dtype.
    pub fn load(&mut self, tensor: &Tensor) -> Result<bool> {
        if tensor.size() != [self.values.len() as i64] || tensor.kind() != Kind::Float {
            return Ok(false);
        }
        self.values = Vec::try_from(tensor)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_are_known_once_they_were_set() {
        let mut remembered = RememberedLogps::new([2, 0, 3].into_iter());
        assert_eq!((remembered.row(0), remembered.row(1), remembered.row(2)), (None, Some(&[][..]), None));
        remembered.set(2, &[-1.0, -2.0, -3.0]);
        remembered.set(0, &[-1.0]);
        remembered.set(9, &[-1.0]);
        assert_eq!(
            (remembered.row(0), remembered.row(2), remembered.row(3)),
            (None, Some(&[-1.0, -2.0, -3.0][..]), None)
        );
        let mut other = RememberedLogps::new([2, 0, 3].into_iter());
        assert!(other.load(&remembered.to_tensor().unwrap()).unwrap());
        assert_eq!(other.row(2), remembered.row(2));
        assert!(!RememberedLogps::new([2, 1].into_iter()).load(&remembered.to_tensor().unwrap()).unwrap());
        other.forget();
        assert_eq!(other.row(2), None);
    }
}
