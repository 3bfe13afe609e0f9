//! How often each token stands in each text, in a form that resampling can add up quickly.

use crate::{Error, Result};

/// One text's tokens: which, and how often.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextCounts {
    /// Indices into the distinct tokens of all texts, ascending, and counts.
    pub counts: Vec<(u32, u32)>,
    /// The sum of the counts.
    pub tokens: u64,
}

/// All texts' tokens.
#[derive(Debug, Clone)]
pub(crate) struct TokenCounts {
    pub texts: Vec<TextCounts>,
    /// Number of distinct tokens.
    pub distinct: usize,
}

impl TokenCounts {
    /// Counts every id but `skip`.
    ///
    /// # Errors
    /// No texts, or none with a token.
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

    /// How often each distinct token stands in the texts, each text taken as often as `times` says.
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

    /// The same, each text taken once.
    pub fn sum(&self) -> Vec<u64> {
        self.total(self.texts.iter().map(|_| 1))
    }
}
