//! The rows that a trainer trains on: in memory, or read when they are needed.

use crate::Result;
use crate::distributed::balanced;
use crate::objective::{Batch, Row, Split};
use crate::rows_digest::rows_digest;
use align_data::streaming::{CachedRow, RowStatistics, TokenCache};
use align_distributed::ProcessGroup;
use std::fmt::Debug;

/// Rows that are read when they are needed, such as those of a [`TokenCache`].
pub trait RowSource<R>: Debug {
    /// The number of rows.
    fn len(&self) -> usize;

    /// Whether there are no rows.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads rows, in the order of the indices.
    ///
    /// # Errors
    /// Rows that cannot be read or are damaged.
    fn rows(&self, indices: &[usize]) -> Result<Vec<R>>;

    /// A digest of all that the rows depend on. A run that is resumed must have the same.
    fn digest(&self) -> String;

    /// What is known of all rows.
    fn statistics(&self) -> RowStatistics;
}

impl<R: CachedRow + Debug> RowSource<R> for TokenCache<R> {
    fn len(&self) -> usize {
        self.len()
    }

    fn rows(&self, indices: &[usize]) -> Result<Vec<R>> {
        Ok(self.rows(indices)?)
    }

    fn digest(&self) -> String {
        self.digest()
    }

    fn statistics(&self) -> RowStatistics {
        self.statistics()
    }
}

/// The training rows of a [`Trainer`](crate::Trainer).
#[derive(Debug)]
pub enum Rows<R> {
    /// Rows in memory.
    Memory(Vec<R>),
    /// Rows that are read when they are needed.
    Source(Box<dyn RowSource<R>>),
}

impl<R> From<Vec<R>> for Rows<R> {
    fn from(rows: Vec<R>) -> Self {
        Self::Memory(rows)
    }
}

impl<R: CachedRow + Debug + 'static> From<TokenCache<R>> for Rows<R> {
    fn from(cache: TokenCache<R>) -> Self {
        Self::Source(Box::new(cache))
    }
}

/// Rows of a batch that are in memory, in the order in which the processes share them out.
pub(crate) enum LoadedRows<'a, R> {
    /// All rows, and the indices of those of the batch.
    All(&'a [R], Vec<usize>),
    /// The rows of the batch only, and their places.
    Batch(Vec<R>, Vec<usize>),
}

/// Rows across all data that stand for them in estimates.
const SAMPLE_ROWS: usize = 256;

impl<R: Row> Rows<R> {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Memory(rows) => rows.len(),
            Self::Source(source) => source.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rows, if they are in memory.
    pub(crate) fn in_memory(&self) -> &[R] {
        match self {
            Self::Memory(rows) => rows,
            Self::Source(_) => &[],
        }
    }

    /// Reads the rows of a batch.
    pub(crate) fn load(&self, indices: &[usize], group: &ProcessGroup) -> Result<LoadedRows<'_, R>> {
        match self {
            Self::Memory(rows) => Ok(LoadedRows::of(rows, indices, group)),
            Self::Source(source) => {
                let rows = source.rows(indices)?;
                let places = balanced(group, (0..rows.len()).collect(), tokens_of(&rows));
                Ok(LoadedRows::Batch(rows, places))
            }
        }
    }

    /// Rows that stand for all in an estimate of memory: all that are in memory, or `batch` rows like the longest one and rows from everywhere.
    pub(crate) fn sample(&self, batch: usize) -> Result<LoadedRows<'_, R>> {
        let source = match self {
            Self::Memory(rows) => return Ok(LoadedRows::All(rows, Vec::new())),
            Self::Source(source) => source,
        };
        let longest = std::iter::repeat_n(source.statistics().longest_row, batch.min(source.len()));
        let spread = (0..source.len()).step_by(source.len().div_ceil(SAMPLE_ROWS).max(1));
        let rows = source.rows(&longest.chain(spread).collect::<Vec<_>>())?;
        Ok(LoadedRows::Batch(rows, Vec::new()))
    }

    /// A digest of all that training uses of the rows.
    pub(crate) fn digest(&self) -> String {
        match self {
            Self::Memory(rows) => rows_digest(rows),
            Self::Source(source) => source.digest(),
        }
    }

    /// The numbers of rows in the input, counted from 1. Those that cannot be read are left out.
    pub(crate) fn numbers(&self, indices: &[usize]) -> Vec<usize> {
        let number = |row: &R| row.index() + 1;
        match self {
            Self::Memory(rows) => indices.iter().filter_map(|index| rows.get(*index)).map(number).collect(),
            Self::Source(source) => source.rows(indices).unwrap_or_default().iter().map(number).collect(),
        }
    }
}

/// The tokens of a row, of which those of a shared prompt count once.
fn tokens_of<R: Row>(rows: &[R]) -> impl Fn(usize) -> usize {
    |index| rows.get(index).map_or(0, Row::distinct_tokens)
}

impl<'a, R: Row> LoadedRows<'a, R> {
    /// The batch of the rows `indices` of rows that are all in memory.
    pub fn of(rows: &'a [R], indices: &[usize], group: &ProcessGroup) -> Self {
        Self::All(rows, balanced(group, indices.to_vec(), tokens_of(rows)))
    }
}

impl<R> LoadedRows<'_, R> {
    /// The rows that are in memory.
    pub fn rows(&self) -> &[R] {
        match self {
            Self::All(rows, _) => rows,
            Self::Batch(rows, _) => rows,
        }
    }

    /// The batch, of which this process computes its part.
    pub fn batch<'a>(&'a self, split: Split, group: &'a ProcessGroup) -> Batch<'a, R> {
        match self {
            Self::All(rows, indices) => Batch::new(split, rows, indices, group),
            Self::Batch(rows, places) => Batch::new(split, rows, places, group),
        }
    }
}
