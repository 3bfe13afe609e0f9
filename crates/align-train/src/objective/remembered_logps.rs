use crate::Result;
use tch::{Device, Kind, Tensor};

/// A frozen model's log-probabilities of each row, filled as rows are first seen, so that later epochs need not run it
/// again.
#[derive(Debug, Default)]
pub(crate) struct RememberedLogps {
    /// Those of one row: as many as it has sequences.
    columns: usize,
    /// Row by row; NaN where unknown.
    values: Vec<f32>,
}

impl RememberedLogps {
    pub fn new(rows: usize, columns: usize) -> Self {
        Self { columns, values: vec![f32::NAN; rows * columns] }
    }

    /// Those of the rows `indices`, `(batch, columns)` on `device`; computed where they are not known yet.
    pub fn of(
        &mut self,
        indices: &[usize],
        device: Device,
        compute: impl FnOnce() -> Result<Tensor>,
    ) -> Result<Tensor> {
        let known = |index: &usize| {
            let row = self.values.get(index * self.columns..(index + 1) * self.columns)?;
            (!row.iter().any(|value| value.is_nan())).then_some(row)
        };
        if let Some(known) = indices.iter().map(known).collect::<Option<Vec<_>>>() {
            let shape = [indices.len() as i64, self.columns as i64];
            return Ok(Tensor::f_from_slice(&known.concat())?.f_view(shape)?.f_to_device(device)?);
        }
        let computed = compute()?;
        let flat = computed.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_reshape([-1])?;
        let flat = Vec::<f32>::try_from(flat)?;
        for (index, found) in indices.iter().zip(flat.chunks(self.columns.max(1))) {
            if let Some(row) = self.values.get_mut(index * self.columns..(index + 1) * self.columns) {
                row.copy_from_slice(found);
            }
        }
        Ok(computed)
    }

    /// Forgets everything: the model has moved.
    pub fn forget(&mut self) {
        self.values.fill(f32::NAN);
    }

    /// All rows as a float32 tensor of shape `(rows, columns)`.
    pub fn to_tensor(&self) -> Result<Tensor> {
        Ok(Tensor::f_from_slice(&self.values)?.f_view([-1, self.columns.max(1) as i64])?)
    }

    /// Takes back what [`RememberedLogps::to_tensor`] gave; `false` where it has another shape.
    pub fn load(&mut self, tensor: &Tensor) -> Result<bool> {
        if tensor.size() != self.to_tensor()?.size() {
            return Ok(false);
        }
        self.values = Vec::try_from(tensor.f_to_kind(Kind::Float)?.f_reshape([-1])?)?;
        Ok(true)
    }
}
