//! The numbers of pairs that a loss uses, as tensors.

use super::Row;
use crate::{Error, Result};
use align_data::PairNumber;
use align_losses::PairLogps;
use tch::Tensor;

/// The numbers of some pairs, each `(pairs)`, float64 on the CPU.
#[derive(Debug, Default)]
pub(crate) struct PairNumberTensors(Vec<(PairNumber, Tensor)>);

impl PairNumberTensors {
    /// The numbers of pairs that are `used`.
    pub fn of<R: Row>(pairs: &[&R], used: &[PairNumber]) -> Result<Self> {
        let column = |number: &PairNumber| {
            let value = |pair: &&R| {
                let missing = || Error::Data(format!("row {} has no {}", pair.index() + 1, number.name()));
                pair.numbers().get(*number).ok_or_else(missing)
            };
            Ok((*number, Tensor::f_from_slice(&pairs.iter().map(value).collect::<Result<Vec<f64>>>()?)?))
        };
        used.iter().map(column).collect::<Result<_>>().map(Self)
    }

    /// A number of each pair, in the dtype of `like` and on its device, if the number is used.
    pub fn get(&self, number: PairNumber, like: &Tensor) -> Result<Option<Tensor>> {
        let values = self.0.iter().find(|(known, _)| *known == number);
        Ok(values.map(|(_, values)| values.f_to_kind(like.kind())?.f_to_device(like.device())).transpose()?)
    }

    pub fn shallow_clone(&self) -> Self {
        Self(self.0.iter().map(|(number, values)| (*number, values.shallow_clone())).collect())
    }

    /// Concatenates the numbers of several sets of pairs, which have the same.
    pub fn concat<'a>(parts: impl Iterator<Item = &'a Self>) -> Result<Self> {
        let mut columns: Vec<(PairNumber, Vec<&Tensor>)> = Vec::new();
        for (number, values) in parts.flat_map(|part| &part.0) {
            match columns.iter_mut().find(|(known, _)| known == number) {
                Some((_, column)) => column.push(values),
                None => columns.push((*number, vec![values])),
            }
        }
        columns
            .into_iter()
            .map(|(number, parts)| Ok((number, Tensor::f_cat(&parts, 0)?)))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Adds the numbers to log-probabilities. The weights of the pairs multiply those that the pairs have already.
    pub fn add_to(&self, mut logps: PairLogps) -> Result<PairLogps> {
        for (number, values) in &self.0 {
            let like = &logps.policy().chosen;
            let values = values.f_to_kind(like.kind())?.f_to_device(like.device())?;
            logps = match number {
                PairNumber::ChosenProbability => logps.with_chosen_probabilities(&values)?,
                PairNumber::Margin => logps.with_score_margins(&values)?,
                PairNumber::Weight => {
                    let weights = logps.weights().map_or(Ok(values.shallow_clone()), |other| other.f_mul(&values))?;
                    logps.with_weights(&weights)?
                }
            };
        }
        Ok(logps)
    }
}
