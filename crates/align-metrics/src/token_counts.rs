//! The token counts of each text, in a form that is fast to sum for resamples.

use crate::{Error, Result};

/// The token counts of one text.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextCounts {
    /// Indices of distinct tokens, ascending, with their counts.
    pub counts: Vec<(u32, u32)>,
    /// The sum of the counts.
    pub tokens: u64,
}

/// The token counts of all texts.
#[derive(Debug, Clone)]
pub(crate) struct TokenCounts {
    pub texts: Vec<TextCounts>,
    /// Number of distinct tokens.
    pub distinct: usize,
}

impl TokenCounts {
    /// Counts all ids except `skip`.
    ///
    /// # Errors
    /// There are no texts, or no tokens in them.
    pub fn of<T: AsRef<[i64]>>(texts: &[T], skip: Option<i64>) -> Result<Self> {
        if texts.is_empty() {
            return Err(Error::Empty("texts"));
        }
        let counted = |text: &T| text.as_ref().iter().copied().filter(|id| Some(*id) != skip).collect::<Vec<i64>>();
        let mut ids: Vec<i64> = texts.iter().flat_map(counted).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Err(Error::Empty("tokens in these texts"));
        }
        let text_counts = |text: &T| {
            let mut tokens = counted(text);
            tokens.sort_unstable();
            let counts = tokens.chunk_by(|a, b| a == b).filter_map(|run| {
                let index = ids.binary_search(run.first()?).ok()?;
                Some((u32::try_from(index).ok()?, u32::try_from(run.len()).ok()?))
            });
            TextCounts { counts: counts.collect(), tokens: tokens.len() as u64 }
        };
        Ok(Self { texts: texts.iter().map(text_counts).collect(), distinct: ids.len() })
    }

    /// The total counts of distinct tokens, with each text repeated `times` times.
    pub fn total(&self, times: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut total = vec![0; self.distinct];
        for (text, times) in self.texts.iter().zip(times).filter(|(_, times)| *times > 0) {
            for (token, count) in &text.counts {
                if let Some(slot) = total.get_mut(*token as usize) {
                    *slot += u64::from(*count) * times;
                }
            }
        }
        total
    }

    /// The total counts of distinct tokens.
    pub fn sum(&self) -> Vec<u64> {
        self.total(self.texts.iter().map(|_| 1))
    }
}
