use std::fmt;
use std::sync::Arc;

/// Decides after each new token whether to stop. Closures also implement it.
pub trait StoppingCriterion: Send + Sync {
    /// Whether to stop after the last token of `ids`. The first `prompt_length` tokens are the prompt, including padding.
    fn stops(&self, ids: &[i64], prompt_length: usize) -> bool;
}

impl<F: Fn(&[i64], usize) -> bool + Send + Sync> StoppingCriterion for F {
    fn stops(&self, ids: &[i64], prompt_length: usize) -> bool {
        self(ids, prompt_length)
    }
}

/// StoppingCriteria criteria. Generation stops if any of them applies.
#[derive(Clone, Default)]
pub(super) struct StoppingCriteria(Vec<Arc<dyn StoppingCriterion>>);

impl StoppingCriteria {
    pub fn push(&mut self, criterion: Arc<dyn StoppingCriterion>) {
        self.0.push(criterion);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn stops(&self, ids: &[i64], prompt_length: usize) -> bool {
        self.0.iter().any(|criterion| criterion.stops(ids, prompt_length))
    }
}

impl fmt::Debug for StoppingCriteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} criteria", self.0.len())
    }
}
