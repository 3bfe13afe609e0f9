use crate::checks::check_all_finite;
use crate::{Error, Result};

/// Number of rows processed together, so that their features stay in the L1 cache.
const ROWS: usize = 4;

/// A debiased norm below this fraction of the ordinary norm is only rounding error.
const ROUNDING: f64 = 1e-12;

/// Linear centred kernel alignment (CKA) of the hidden states of two models for the same inputs, between 0 and 1: Kornblith et al.
/// (2019, arXiv:1905.00414), eq. 4 with linear kernels.
///
/// `‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖)` with Frobenius norms, where `X` has shape (rows, features) and `Y` has shape (rows, other features), both
/// row-major and centred per feature. It is 1 for `Y = s X Q` with a scale `s` and an orthogonal `Q`. With fewer rows than features it
/// is close to 1 for any two models; use [`debiased_linear_cka`] then.
///
/// ```
/// // The states of two inputs: (1, 2) and (3, 5), then the same rotated by 90° and doubled.
/// let cka = align_metrics::linear_cka(2, &[1.0, 2.0, 3.0, 5.0], &[-4.0, 2.0, -10.0, 6.0])?;
/// assert!((cka - 1.0).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Fewer than 2 rows, values whose number is not a multiple of `rows`, a value that is not finite, or rows that are all the same.
pub fn linear_cka(rows: usize, first: &[f32], second: &[f32]) -> Result<f64> {
    let (x, y) = centred_features(2, rows, first, second)?;
    alignment(x.product(&y), x.product(&x), y.product(&y))
}

/// [`linear_cka`] with the unbiased estimator of each product (Song et al., 2012; Nguyen et al., 2021, arXiv:2010.15327).
///
/// For unrelated states it is about 0 even with few rows, and may be negative. Each `‖YᵀX‖²` is replaced by
/// `‖YᵀX‖² - n / (n - 2) x·y + Σx Σy / ((n - 1) (n - 2))`, with the squared norms `x` and `y` of the `n` centred rows.
///
/// ```
/// let states = [1.0, 2.0, 4.0, 7.0, 11.0]; // one feature of five inputs
/// let cka = align_metrics::debiased_linear_cka(5, &states, &states)?;
/// assert!((cka - 1.0).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// The errors of [`linear_cka`], fewer than 4 rows, and rows that all have the same distance from each other.
pub fn debiased_linear_cka(rows: usize, first: &[f32], second: &[f32]) -> Result<f64> {
    let (x, y) = centred_features(4, rows, first, second)?;
    let debiased = |a: &Features, b: &Features| {
        let (n, [a_norms, b_norms]) = (rows as f64, [a.squared_norms(), b.squared_norms()]);
        let dot: f64 = a_norms.iter().zip(&b_norms).map(|(a, b)| a * b).sum();
        let sums = a_norms.iter().sum::<f64>() * b_norms.iter().sum::<f64>();
        let product = a.product(b);
        let unbiased = product - n / (n - 2.0) * dot + sums / ((n - 1.0) * (n - 2.0));
        if unbiased.abs() <= ROUNDING * product { 0.0 } else { unbiased }
    };
    alignment(debiased(&x, &y), debiased(&x, &x), debiased(&y, &y))
}

fn alignment(between: f64, first: f64, second: f64) -> Result<f64> {
    if !(first > 0.0 && second > 0.0) {
        return Err(Error::Constant("distances between the hidden states of a model"));
    }
    Ok(between / (first.sqrt() * second.sqrt()))
}

fn centred_features(least: usize, rows: usize, first: &[f32], second: &[f32]) -> Result<(Features, Features)> {
    if rows < least {
        return Err(Error::TooFew { what: "rows of hidden states", least, found: rows });
    }
    Ok((Features::centred(rows, first)?, Features::centred(rows, second)?))
}

/// A row-major matrix of shape (rows, columns) in which each column has mean 0.
struct Features {
    /// Padded with rows of zeros, which do not change products, to a multiple of `ROWS`.
    values: Vec<f64>,
    columns: usize,
}

impl Features {
    fn centred(rows: usize, values: &[f32]) -> Result<Self> {
        let columns = values.len() / rows;
        if columns == 0 || columns * rows != values.len() {
            let expected = format!("a number that divides a matrix of {} values", values.len());
            return Err(Error::Option { option: "rows", expected, found: rows.to_string() });
        }
        let of_row = |row: &[f32]| row.iter().copied().find(|x| !x.is_finite()).map_or(0.0, f64::from);
        check_all_finite("hidden state", values.chunks(columns).map(of_row))?;
        let mut means = vec![0.0; columns];
        for row in values.chunks(columns) {
            means.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value));
        }
        means.iter_mut().for_each(|mean| *mean /= rows as f64);
        let mut centred = Vec::with_capacity(rows.next_multiple_of(ROWS) * columns);
        for row in values.chunks(columns) {
            centred.extend(row.iter().zip(&means).map(|(value, mean)| f64::from(*value) - mean));
        }
        centred.resize(rows.next_multiple_of(ROWS) * columns, 0.0);
        Ok(Self { values: centred, columns })
    }

    fn squared_norms(&self) -> Vec<f64> {
        self.values.chunks(self.columns).map(|row| row.iter().map(|x| x * x).sum()).collect()
    }

    /// The squared Frobenius norm of the product of the transpose of this matrix with another matrix of the same number of rows.
    fn product(&self, other: &Self) -> f64 {
        let mut product = vec![0.0; self.columns * other.columns];
        for (left, right) in self.blocks().zip(other.blocks()) {
            let [a, b, c, d] = right;
            let weights = left[0].iter().zip(left[1]).zip(left[2]).zip(left[3]);
            for (row, (((p, q), r), s)) in product.chunks_exact_mut(other.columns).zip(weights) {
                for ((((sum, a), b), c), d) in row.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *sum += (p * a + q * b) + (r * c + s * d);
                }
            }
        }
        product.iter().map(|x| x * x).sum()
    }

    fn blocks(&self) -> impl Iterator<Item = [&[f64]; ROWS]> {
        self.values.chunks_exact(ROWS * self.columns).filter_map(|block| {
            let mut rows = block.chunks_exact(self.columns);
            Some([rows.next()?, rows.next()?, rows.next()?, rows.next()?])
        })
    }
}
