use crate::Result;
use align_losses::Pair;
use tch::{Device, Tensor};

/// The reference's log-probabilities of each row, filled as rows are first seen: the reference never moves, so later
/// epochs need not run it again.
#[derive(Debug)]
pub(crate) struct ReferenceLogps {
    /// `[chosen, rejected]` a row; NaN where unknown.
    rows: Vec<[f32; 2]>,
}

impl ReferenceLogps {
    pub fn new(rows: usize) -> Self {
        Self { rows: vec![[f32::NAN; 2]; rows] }
    }

    /// Those of a batch of `rows`, each side `(batch)` on `device`; computed where they are not known yet.
    pub fn of(
        &mut self,
        rows: &[usize],
        device: Device,
        compute: impl FnOnce() -> Result<Pair<Tensor>>,
    ) -> Result<Pair<Tensor>> {
        let known = |row: &usize| self.rows.get(*row).copied().filter(|[chosen, _]| !chosen.is_nan());
        let known: Option<(Vec<f32>, Vec<f32>)> =
            rows.iter().map(|row| known(row).map(|[chosen, rejected]| (chosen, rejected))).collect();
        if let Some((chosen, rejected)) = known {
            let tensor = |x: Vec<f32>| Tensor::f_from_slice(&x)?.f_to_device(device);
            return Ok(Pair { chosen: tensor(chosen)?, rejected: tensor(rejected)? });
        }
        let computed = compute()?;
        let values = computed.as_ref().try_map(|x| Vec::<f32>::try_from(x.f_to_device(Device::Cpu)?))?;
        for ((row, chosen), rejected) in rows.iter().zip(values.chosen).zip(values.rejected) {
            if let Some(slot) = self.rows.get_mut(*row) {
                *slot = [chosen, rejected];
            }
        }
        Ok(computed)
    }

    /// All rows as a float32 tensor of shape `(rows, 2)`.
    pub fn to_tensor(&self) -> Result<Tensor> {
        Ok(Tensor::f_from_slice(self.rows.as_flattened())?.f_view([-1, 2])?)
    }

    /// What [`ReferenceLogps::to_tensor`] gave, or `None` where it has another number of rows.
    pub fn from_tensor(tensor: &Tensor, rows: usize) -> Result<Option<Self>> {
        if tensor.size() != [rows as i64, 2] {
            return Ok(None);
        }
        let flat: Vec<f32> = Vec::try_from(tensor.f_to_kind(tch::Kind::Float)?.f_reshape([-1])?)?;
        let (pairs, _) = flat.as_chunks::<2>();
        Ok(Some(Self { rows: pairs.to_vec() }))
    }
}
