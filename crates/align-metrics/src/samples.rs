use crate::checks::check_all_finite;
use crate::{Error, Result};

/// Vectors of one width, such as the embeddings of a model's texts.
///
/// ```
/// let samples = align_metrics::Samples::new(2, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?;
/// assert_eq!((samples.rows(), samples.row(1)), (3, &[2.0, 3.0][..]));
/// # Ok::<(), align_metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    values: &'a [f32],
    columns: usize,
}

impl<'a> Samples<'a> {
    /// Takes a row-major matrix with this number of columns.
    ///
    /// # Errors
    /// No columns, values whose number is not a multiple of `columns`, or a value that is not finite.
    pub fn new(columns: usize, values: &'a [f32]) -> Result<Self> {
        if columns == 0 || !values.len().is_multiple_of(columns) {
            let expected = format!("a number that divides a matrix of {} values", values.len());
            return Err(Error::Option { option: "columns", expected, found: columns.to_string() });
        }
        let of_row = |row: &[f32]| row.iter().copied().find(|x| !x.is_finite()).map_or(0.0, f64::from);
        check_all_finite("vector's value", values.chunks(columns).map(of_row))?;
        Ok(Self { values, columns })
    }

    /// Number of vectors.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Width of the vectors.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A vector; empty if there is none of this index.
    #[must_use]
    pub fn row(&self, index: usize) -> &'a [f32] {
        self.values.chunks(self.columns).nth(index).unwrap_or_default()
    }

    /// The vectors of this sample, then those of another.
    ///
    /// # Errors
    /// Another width, or fewer than `least` vectors in a sample.
    pub(crate) fn pooled(&self, other: &Self, least: usize) -> Result<Vec<&'a [f32]>> {
        if self.columns != other.columns {
            let expected = format!("{}, as in the first sample", self.columns);
            return Err(Error::Option { option: "columns", expected, found: other.columns.to_string() });
        }
        if let Some(found) = [self.rows(), other.rows()].into_iter().find(|rows| *rows < least) {
            return Err(Error::TooFew { what: "vectors in each sample", least, found });
        }
        Ok(self.values.chunks(self.columns).chain(other.values.chunks(self.columns)).collect())
    }
}
