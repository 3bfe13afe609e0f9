use crate::{Clusters, Error, Result, Samples};
use nalgebra::{Cholesky, DMatrix, Dyn};
use serde::{Deserialize, Serialize};

/// How well the hidden states of one model are linear functions of another's for the same inputs: cross-validated R² of a ridge regression,
/// as of models and brains (Schrimpf et al., 2018, bioRxiv 407007) and of networks (Li et al., 2016, arXiv:1511.07543).
///
/// For each fold, the map `W = (XᵀX + λ n I)⁻¹ XᵀY` is fitted on the other folds, whose columns are standardised, and predicts the
/// fold's rows. The R² of a feature is `1 - Σ (y - ŷ)² / Σ (y - ȳ)²` over all rows, each predicted once; the result is the mean over
/// features that are not constant. It is at most 1, which any invertible linear map gives with enough rows, and about 0 or below for
/// unrelated states. Unlike CKA it is not symmetric. It needs more rows than features: with fewer, it is below 1 even for equal states.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearPredictivity {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// The ridge penalty `λ`, relative to the variance of a standardised feature.
    pub ridge: f64,
}

impl Default for LinearPredictivity {
    /// 5 folds, `λ` = 1e-4.
    fn default() -> Self {
        Self { folds: 5, ridge: 1e-4 }
    }
}

impl LinearPredictivity {
    /// The R² of predicting the vectors of `to` from those of `from`, row by row. `groups` are rows that stay in one fold because they are
    /// not independent, such as the tokens of a text.
    ///
    /// ```
    /// use align_metrics::{LinearPredictivity, Samples};
    /// // Two features of twelve inputs, and their sum and difference.
    /// let from: Vec<f32> = (0..24).map(|i| (i * i % 17) as f32).collect();
    /// let to: Vec<f32> = from.chunks(2).flat_map(|x| [x[0] + x[1], x[0] - x[1]]).collect();
    /// let r_squared = LinearPredictivity::default().r_squared(&Samples::new(2, &from)?, &Samples::new(2, &to)?, None)?;
    /// assert!(r_squared > 0.999);
    /// # Ok::<(), align_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another number of rows, fewer groups than folds, fewer than 2 folds, a penalty that is not positive, or features of `to` that are
    /// all constant.
    pub fn r_squared(&self, from: &Samples, to: &Samples, groups: Option<&Clusters>) -> Result<f64> {
        self.predictor(from, groups)?.r_squared(to)
    }

    /// Prepares predictions from the vectors of `from`, for several `to`.
    ///
    /// # Errors
    /// Those of [`LinearPredictivity::r_squared`] that do not depend on `to`.
    pub fn predictor(&self, from: &Samples, groups: Option<&Clusters>) -> Result<LinearPredictor> {
        let folds = self.folds_of_rows(from.rows(), groups)?;
        let x = matrix(from);
        let fold = |fold: usize| Fold::of(&x, &folds, fold, self.ridge);
        Ok(LinearPredictor { rows: from.rows(), folds: (0..self.folds).map(fold).collect::<Result<_>>()? })
    }

    /// The fold of each row: groups go to folds in turn.
    fn folds_of_rows(&self, rows: usize, groups: Option<&Clusters>) -> Result<Vec<usize>> {
        if self.folds < 2 {
            let (expected, found) = ("at least 2".to_owned(), self.folds.to_string());
            return Err(Error::Option { option: "folds", expected, found });
        }
        if !(self.ridge > 0.0 && self.ridge.is_finite()) {
            let (expected, found) = ("a positive number".to_owned(), self.ridge.to_string());
            return Err(Error::Option { option: "ridge", expected, found });
        }
        let groups = Clusters::or_one_per_row(groups, rows)?;
        if groups.count() < self.folds {
            let what = "groups of rows, one for each fold";
            return Err(Error::TooFew { what, least: self.folds, found: groups.count() });
        }
        let mut folds = vec![0; rows];
        for (number, members) in groups.members().into_iter().enumerate() {
            for row in members {
                if let Some(fold) = folds.get_mut(row) {
                    *fold = number % self.folds;
                }
            }
        }
        Ok(folds)
    }
}

/// A model's hidden states, from which those of others for the same inputs are predicted: see [`LinearPredictivity`]. What does not depend
/// on the predicted states is computed once.
#[derive(Debug)]
pub struct LinearPredictor {
    rows: usize,
    folds: Vec<Fold>,
}

impl LinearPredictor {
    /// The R² of predicting the vectors of `to`, row by row.
    ///
    /// # Errors
    /// Another number of rows, or features that are all constant.
    pub fn r_squared(&self, to: &Samples) -> Result<f64> {
        if self.rows != to.rows() {
            let (expected, found) = (self.rows, to.rows());
            return Err(Error::Count { what: "predicted vectors", of: "vectors", expected, found });
        }
        let y = matrix(to);
        let mut residuals = vec![0.0; y.ncols()];
        for fold in &self.folds {
            let (mut outputs, expected) = (y.select_rows(&fold.train), y.select_rows(&fold.test));
            let moments = standardise(&mut outputs, None);
            let predicted = fold.predict(&outputs);
            let columns = predicted.column_iter().zip(expected.column_iter()).zip(&moments);
            for (residual, ((predicted, expected), (mean, deviation))) in residuals.iter_mut().zip(columns) {
                let error = |(p, e): (&f64, &f64)| (e - (mean + deviation * p)).powi(2);
                *residual += predicted.iter().zip(expected.iter()).map(error).sum::<f64>();
            }
        }
        let totals = y.column_iter().map(|column| {
            let mean = column.mean();
            column.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
        });
        let of_feature = |(residual, total): (&f64, f64)| (total > 0.0).then(|| 1.0 - residual / total);
        let known: Vec<f64> = residuals.iter().zip(totals).filter_map(of_feature).collect();
        match known.is_empty() {
            true => Err(Error::Constant("features of the predicted hidden states")),
            false => Ok(known.iter().sum::<f64>() / known.len() as f64),
        }
    }
}

/// The ridge regression of a fold: its rows are predicted from the other rows.
#[derive(Debug)]
struct Fold {
    train: Vec<usize>,
    test: Vec<usize>,
    system: System,
}

/// The equivalent system with fewer unknowns, factored.
#[derive(Debug)]
enum System {
    /// That of the features: `T (XᵀX + λ n I)⁻¹ Xᵀ Y`, where `T` has the fold's rows.
    Features { transposed: DMatrix<f64>, factor: Cholesky<f64, Dyn>, tested: DMatrix<f64> },
    /// That of the rows: `T Xᵀ (X Xᵀ + λ n I)⁻¹ Y`.
    Rows { factor: Cholesky<f64, Dyn>, products: DMatrix<f64> },
}

impl Fold {
    fn of(x: &DMatrix<f64>, folds: &[usize], fold: usize, ridge: f64) -> Result<Self> {
        let split = |wanted: bool| -> Vec<usize> {
            folds.iter().enumerate().filter(|(_, of)| (**of == fold) == wanted).map(|(row, _)| row).collect()
        };
        let (train, test) = (split(false), split(true));
        let (mut inputs, mut tested) = (x.select_rows(&train), x.select_rows(&test));
        standardise(&mut inputs, Some(&mut tested));
        let penalty = ridge * inputs.nrows() as f64;
        let factor = |mut gram: DMatrix<f64>| {
            (0..gram.nrows()).for_each(|at| gram[(at, at)] += penalty);
            Cholesky::new(gram).ok_or(Error::Overflow("hidden states", "products"))
        };
        // `tr_mul` computes each entry by itself: for 2000 × 768 values it takes five times as long as the product of the transposed
        // matrix.
        let transposed = inputs.transpose();
        let system = match inputs.ncols() <= inputs.nrows() {
            true => System::Features { factor: factor(&transposed * &inputs)?, transposed, tested },
            false => System::Rows { factor: factor(&inputs * &transposed)?, products: tested * transposed },
        };
        Ok(Self { train, test, system })
    }

    /// The predictions of the fold's rows from the outputs of the other rows.
    fn predict(&self, outputs: &DMatrix<f64>) -> DMatrix<f64> {
        match &self.system {
            System::Features { transposed, factor, tested } => tested * factor.solve(&(transposed * outputs)),
            System::Rows { factor, products } => products * factor.solve(outputs),
        }
    }
}

fn matrix(samples: &Samples) -> DMatrix<f64> {
    let values = (0..samples.rows()).flat_map(|row| samples.row(row)).map(|value| f64::from(*value));
    DMatrix::from_row_iterator(samples.rows(), samples.columns(), values)
}

/// Gives each column mean 0 and deviation 1, and applies the same to `other`. Returns the means and deviations. A constant column
/// becomes 0.
fn standardise(x: &mut DMatrix<f64>, mut other: Option<&mut DMatrix<f64>>) -> Vec<(f64, f64)> {
    let mut moments = Vec::with_capacity(x.ncols());
    for (index, mut column) in x.column_iter_mut().enumerate() {
        let mean = column.mean();
        let deviation = (column.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / column.len() as f64).sqrt();
        let scale = if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
        column.iter_mut().for_each(|value| *value = (*value - mean) * scale);
        if let Some(other) = other.as_deref_mut() {
            other.column_mut(index).iter_mut().for_each(|value| *value = (*value - mean) * scale);
        }
        moments.push((mean, deviation));
    }
    moments
}
