use super::{PolicyDistances, pair_indices};
use crate::Result;
use crate::error::option_error;
use align_metrics::{Merge, average_linkage};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};
use std::str::FromStr;

/// A number for each two models, row by row.
pub(super) type Matrix = Vec<Vec<Option<f64>>>;

/// The distance by which the tree of models is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreeDistance {
    /// The Jensen-Shannon divergence of next-token distributions, per token.
    Divergence,
    /// The distance of all weights, `‖b - a‖`.
    Weights,
    /// The squared MMD of embeddings of generated texts, at least 0.
    Texts,
    /// 1 minus the mean debiased CKA over layers, at least 0.
    Hidden,
}

impl TreeDistance {
    /// All distances. By default the first one that was measured is taken.
    pub const ALL: [Self; 4] = [Self::Divergence, Self::Weights, Self::Texts, Self::Hidden];

    fn name(self) -> &'static str {
        match self {
            Self::Divergence => "divergence",
            Self::Weights => "weights",
            Self::Texts => "texts",
            Self::Hidden => "hidden",
        }
    }

    /// The distance with its unit.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Divergence => "Jensen-Shannon divergence, nats per token",
            Self::Weights => "Distance of weights",
            Self::Texts => "Squared MMD of embedded texts",
            Self::Hidden => "1 − mean debiased CKA of hidden states",
        }
    }
}

impl Display for TreeDistance {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TreeDistance {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|of| of.name() == text).ok_or_else(|| format!("expected one of {}", known()))
    }
}

impl PolicyDistances {
    /// The distances that were measured, by which a tree can be made.
    pub fn tree_distances(&self) -> impl Iterator<Item = TreeDistance> {
        TreeDistance::ALL.into_iter().filter(|of| self.distance_of_each_pair(*of).is_some())
    }

    /// The tree of models by average linkage.
    ///
    /// # Errors
    /// The distance was not measured.
    pub fn tree(&self, of: TreeDistance) -> Result<Vec<Merge>> {
        let Some(distances) = self.distance_of_each_pair(of) else {
            return Err(option_error("tree", format!("is by {of}, which was not measured")));
        };
        let matrix = self.symmetric(&distances.iter().copied().map(Some).collect::<Vec<_>>(), Some(0.0));
        let rows: Vec<Vec<f64>> = matrix.into_iter().map(|row| row.into_iter().flatten().collect()).collect();
        Ok(average_linkage(&rows)?)
    }

    /// A distance of each pair.
    pub(super) fn distance_of_each_pair(&self, of: TreeDistance) -> Option<Vec<f64>> {
        match of {
            TreeDistance::Divergence => {
                let pairs = self.divergence.as_ref()?;
                Some(pairs.iter().map(|pair| pair.found.jensen_shannon.per_token.value).collect())
            }
            TreeDistance::Weights => {
                Some(self.weights.as_ref()?.iter().map(|pair| pair.found.all.squared_l2.sqrt()).collect())
            }
            TreeDistance::Texts => {
                Some(self.texts.as_ref()?.iter().map(|pair| pair.found.mmd_squared.value.max(0.0)).collect())
            }
            TreeDistance::Hidden => {
                let cka = self.hidden.as_ref()?.iter().map(|pair| pair.found.mean(|layer| layer.debiased_cka));
                cka.map(|cka| cka.map(|cka| (1.0 - cka).max(0.0))).collect()
            }
        }
    }

    /// The matrix of a number that is the same in both directions.
    pub(super) fn symmetric(&self, of_pairs: &[Option<f64>], diagonal: Option<f64>) -> Matrix {
        self.directed(&of_pairs.iter().map(|value| [*value, *value]).collect::<Vec<_>>(), diagonal)
    }

    /// The matrix of a number from the first model of a pair to the second, and one in the other direction.
    pub(super) fn directed(&self, of_pairs: &[[Option<f64>; 2]], diagonal: Option<f64>) -> Matrix {
        let count = self.models.len();
        let mut matrix = vec![vec![diagonal; count]; count];
        for ((first, second), [forward, backward]) in pair_indices(count).zip(of_pairs) {
            for (row, column, value) in [(first, second, forward), (second, first, backward)] {
                if let Some(cell) = matrix.get_mut(row).and_then(|row| row.get_mut(column)) {
                    *cell = *value;
                }
            }
        }
        matrix
    }
}
