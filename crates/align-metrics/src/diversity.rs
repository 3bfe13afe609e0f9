use crate::compensated_sum::CompensatedSum;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The diversity of a set of generated texts, between and within texts, and their lengths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diversity {
    /// Number of texts.
    pub texts: usize,
    /// Their mean length in tokens, without EOS.
    pub mean_length: f64,
    /// The fraction of texts without EOS, which reached the length limit; `None` if no EOS was given.
    pub unfinished: Option<f64>,
    /// The diversity of n-grams, in the order of the given lengths.
    pub ngrams: Vec<NgramDiversity>,
}

/// The diversity of the n-grams in a set of texts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NgramDiversity {
    /// Number of tokens in an n-gram.
    pub n: usize,
    /// Number of n-grams in all texts. N-grams do not cross text boundaries.
    pub ngrams: u64,
    /// distinct-n (Li et al., 2016, arXiv:1510.03055): the number of distinct n-grams in all texts divided by the number of n-grams.
    ///
    /// The paper divides by the number of tokens. Dividing by the number of n-grams, as most implementations do, makes the maximum 1 for
    /// every `n`. The value decreases with the number of texts: compare sets of equal size.
    pub distinct: f64,
    /// The mean over texts of the number of distinct n-grams in a text divided by its number of n-grams. Texts shorter than `n` are
    /// excluded.
    pub distinct_per_text: f64,
}

impl NgramDiversity {
    /// The mean fraction of n-grams in a text that occurred earlier in the same text: seq-rep-n of Welleck et al. (2020,
    /// arXiv:1908.04319), who use `n = 4`. Equal to one minus [`distinct_per_text`](Self::distinct_per_text).
    #[must_use]
    pub fn self_repetition(&self) -> f64 {
        1.0 - self.distinct_per_text
    }

    fn of(texts: &[&[i64]], n: usize) -> Result<Self> {
        if n == 0 {
            return Err(Error::Option { option: "n", expected: "at least 1".into(), found: "0".into() });
        }
        let long: Vec<&[i64]> = texts.iter().copied().filter(|text| text.len() >= n).collect();
        if long.is_empty() {
            return Err(Error::Empty("texts as long as one n-gram"));
        }
        let count = |text: &[i64]| (text.len() + 1 - n) as u64;
        let distinct = |text: &[i64]| text.windows(n).collect::<HashSet<_>>().len() as f64;
        let ngrams: u64 = long.iter().map(|text| count(text)).sum();
        let all: HashSet<&[i64]> = long.iter().flat_map(|text| text.windows(n)).collect();
        let per_text = CompensatedSum::of(long.iter().map(|text| distinct(text) / count(text) as f64));
        let distinct = all.len() as f64 / ngrams as f64;
        Ok(Self { n, ngrams, distinct, distinct_per_text: per_text / long.len() as f64 })
    }
}

impl Diversity {
    /// Computes the diversity of texts, given as token ids, for n-grams of each length in `ns`.
    ///
    /// `end` is the EOS id. A text is cut before its first EOS, so padding is ignored.
    ///
    /// ```
    /// use align_metrics::Diversity;
    /// let texts = [vec![1i64, 2, 1, 2, 0], vec![1, 2, 3]];
    /// let found = Diversity::of(&texts, &[2], Some(0))?;
    /// assert_eq!((found.mean_length, found.unfinished), (3.5, Some(0.5)));
    /// // (1 2) (2 1) (1 2), (1 2) (2 3): 3 of 5 are distinct; within the texts 2 of 3 and 2 of 2.
    /// assert_eq!(found.ngrams[0].distinct, 3.0 / 5.0);
    /// assert!((found.ngrams[0].self_repetition() - (1.0 / 3.0 + 0.0) / 2.0).abs() < 1e-12);
    /// # Ok::<(), align_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// No texts, an `n` of 0, or an `n` greater than the length of every text.
    pub fn of<T: AsRef<[i64]>>(texts: &[T], ns: &[usize], end: Option<i64>) -> Result<Self> {
        if texts.is_empty() {
            return Err(Error::Empty("texts"));
        }
        let whole = texts.iter().map(AsRef::as_ref);
        let cut: Vec<&[i64]> = whole.clone().filter_map(|text| text.split(|id| Some(*id) == end).next()).collect();
        let of_texts = |count: usize| count as f64 / texts.len() as f64;
        let unfinished = end.map(|end| of_texts(whole.filter(|text| !text.contains(&end)).count()));
        let ngrams = ns.iter().map(|n| NgramDiversity::of(&cut, *n)).collect::<Result<_>>()?;
        let mean_length = of_texts(cut.iter().map(|text| text.len()).sum());
        Ok(Self { texts: texts.len(), mean_length, unfinished, ngrams })
    }
}
