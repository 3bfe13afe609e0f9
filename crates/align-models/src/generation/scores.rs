use crate::{CausalLm, Error, Result};
use align_torch::with_host_floats;
use tch::{Kind, Tensor};

/// The scores of the next token, `(rows, vocab)`, float32.
pub(super) struct Scores {
    logits: Tensor,
    /// A reused buffer for the log-probabilities, if the scores are log-probabilities instead of logits.
    log_softmax: Option<Tensor>,
    rows: i64,
    pub vocab: usize,
}

impl Scores {
    /// Creates the buffers. If `normalised`, the scores are log-probabilities.
    pub fn new<M: CausalLm + ?Sized>(model: &M, normalised: bool) -> Self {
        let empty = || Tensor::empty([0, model.vocab_size()], (Kind::Float, model.device()));
        Self {
            logits: empty(),
            log_softmax: normalised.then(empty),
            rows: 0,
            vocab: usize::try_from(model.vocab_size()).unwrap_or(0),
        }
    }

    /// Computes the scores from hidden states `(rows, hidden_size)`.
    pub fn compute<M: CausalLm + ?Sized>(&mut self, hidden: &Tensor, model: &M) -> Result<()> {
        let rows = hidden.size2()?.0;
        let missing = (model.min_rows() as i64 - rows).max(0);
        let padded = if missing > 0 { hidden.f_constant_pad_nd([0, 0, 0, missing])? } else { hidden.shallow_clone() };
        self.logits = model.logits(&padded)?.f_to_kind(Kind::Float)?;
        if let Some(log_softmax) = &mut self.log_softmax {
            let (buffer_rows, vocab) = log_softmax.size2()?;
            if buffer_rows < rows + missing {
                *log_softmax = Tensor::f_empty([rows + missing, vocab], (Kind::Float, log_softmax.device()))?;
            }
            let out = log_softmax.f_narrow(0, 0, rows + missing)?;
            let _ = self.logits.f_log_softmax_int_out(&out, -1, Kind::Float)?;
        }
        self.rows = rows;
        Ok(())
    }

    /// Reads all rows. The scores are copied to main memory here.
    pub fn read<R>(&self, read: impl FnOnce(&ScoreRows<'_>) -> R) -> Result<R> {
        let scores = self.log_softmax.as_ref().unwrap_or(&self.logits).f_narrow(0, 0, self.rows)?;
        let scores = scores.f_to_device(tch::Device::Cpu)?;
        let vocab = self.vocab;
        with_host_floats(&scores, |values| read(&ScoreRows { values, vocab })).map_err(|e| Error::Input(e.to_string()))
    }
}

/// Scores in main memory.
pub(super) struct ScoreRows<'a> {
    values: &'a [f32],
    vocab: usize,
}

impl ScoreRows<'_> {
    pub fn row(&self, row: usize) -> &[f32] {
        self.values.get(row * self.vocab..(row + 1) * self.vocab).unwrap_or_default()
    }
}
