/// Options of [`LinearLogps`](super::LinearLogps), which trade memory for computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearLogpsOptions {
    /// Rows whose logits are in memory at the same time: one or two buffers of `chunk_rows · vocab` numbers.
    pub chunk_rows: i64,
    /// Logits up to this number of bytes are kept for [`LinearLogps::backward`](super::LinearLogps::backward). Larger ones are recomputed there.
    pub keep_logits_bytes: usize,
    /// Whether to compute [`TokenStatistics`](super::TokenStatistics).
    pub statistics: bool,
    /// Whether to compute [`TokenStatistics::log_sum_sq_probs`](super::TokenStatistics::log_sum_sq_probs), which needs `statistics`.
    pub log_sum_sq_probs: bool,
}

impl Default for LinearLogpsOptions {
    /// Chunks of 256 rows, logits kept up to 256 MiB, no statistics. For GPT-2 small, the logits of about 1,300 tokens are kept, which saves
    /// 10% of a training step.
    fn default() -> Self {
        Self { chunk_rows: 256, keep_logits_bytes: 256 << 20, statistics: false, log_sum_sq_probs: false }
    }
}

/// The starts and lengths of the chunks of `n` rows.
pub(super) fn chunks(n: i64, chunk_rows: i64) -> impl Iterator<Item = (i64, i64)> {
    (0..n)
        .step_by(usize::try_from(chunk_rows).unwrap_or(usize::MAX))
        .map(move |start| (start, chunk_rows.min(n - start)))
}
