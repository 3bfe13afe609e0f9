use crate::prediction::FEWEST_ROWS;

/// Why models are not trained on a sample that is too small.
pub const RAISE_SAMPLE: &str = "a model takes at least 100 rows: raise --sample-rows";

/// Options of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditOptions {
    /// The number of rows from which models of words and of labels are trained. With more rows, these results are estimates.
    pub sample: usize,
    /// The number of rows that are listed for each check.
    pub listed: usize,
    /// The seed of the sample.
    pub seed: u64,
    /// Whether rows have token counts.
    pub has_tokenizer: bool,
    /// Special tokens of the model's tokeniser, in addition to those of common chat templates.
    pub special_tokens: Vec<String>,
    /// The number of threads that look at rows; 0 for one for each processor core.
    pub threads: usize,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self { sample: 10_000, listed: 10, seed: 42, has_tokenizer: false, special_tokens: Vec::new(), threads: 0 }
    }
}

impl AuditOptions {
    /// The smallest sample from which models of words and of labels are trained.
    pub const FEWEST_SAMPLED: usize = FEWEST_ROWS;

    /// The number of threads.
    pub(crate) fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads => threads,
        }
    }
}
