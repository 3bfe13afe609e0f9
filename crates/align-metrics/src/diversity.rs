use crate::sum::Sum;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// How varied a set of generated texts is, among each other and each within itself, and how long they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diversity {
    /// Number of texts.
    pub texts: usize,
    /// Their mean length in tokens, without the end.
    pub mean_length: f64,
    /// The share of texts without an end, where it was said what ends one: they were cut, or run on for ever.
    pub unfinished: Option<f64>,
    /// The n-grams, in the order asked for.
    pub ngrams: Vec<NgramDiversity>,
}

/// How varied the n-grams of a set of texts are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NgramDiversity {
    /// Tokens of an n-gram.
    pub n: usize,
    /// Number of n-grams in all texts; none reaches from one text into the next.
    pub ngrams: u64,
    /// distinct-n (Li et al., 2016, arXiv:1510.03055): distinct n-grams of all texts, over all their n-grams.
    ///
    /// The paper divides by the number of tokens; dividing by that of n-grams, as most programs do, makes 1 the most for
    /// every `n`. It falls with the number of texts: compare sets of one size.
    pub distinct: f64,
    /// The mean over texts of a text's own distinct n-grams over its n-grams. Texts shorter than `n` are left out.
    pub distinct_per_text: f64,
}

impl NgramDiversity {
    /// The mean share of a text's n-grams that occurred before in the same text: seq-rep-n of Welleck et al. (2020,
    /// arXiv:1908.04319), there with `n = 4`. One minus [`distinct_per_text`](Self::distinct_per_text).
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
        let per_text = Sum::of(long.iter().map(|text| distinct(text) / count(text) as f64));
        let distinct = all.len() as f64 / ngrams as f64;
        Ok(Self { n, ngrams, distinct, distinct_per_text: per_text / long.len() as f64 })
    }
}

impl Diversity {
    /// Measures texts, given as token ids, by n-grams of each length in `ns`.
    ///
    /// `end` is the id that ends a text: what follows its first place (padding) does not count, nor does it itself.
    ///
    /// ```
    /// use align_metrics::Diversity;
    /// let texts = [vec![1i64, 2, 1, 2, 0], vec![1, 2, 3]];
    /// let found = Diversity::of(&texts, &[2], Some(0))?;
    /// assert_eq!((found.mean_length, found.unfinished), (3.5, Some(0.5)));
    /// // (1 2) (2 1) (1 2), (1 2) (2 3): 3 of 5 distinct; in the texts themselves 2 of 3 and 2 of 2.
    /// assert_eq!(found.ngrams[0].distinct, 3.0 / 5.0);
    /// assert!((found.ngrams[0].self_repetition() - (1.0 / 3.0 + 0.0) / 2.0).abs() < 1e-12);
    /// # Ok::<(), align_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// No texts, an `n` of 0, or an `n` above every text's length.
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
