use std::fmt;
use std::sync::Arc;

/// Says after each new token whether the text ends there, as an EOS would end it. Closures are criteria too.
pub trait StoppingCriterion: Send + Sync {
    /// `ids` is the text so far, its last token new; the first `prompt_length` are the prompt, padding included.
    fn stops(&self, ids: &[i64], prompt_length: usize) -> bool;
}

impl<F: Fn(&[i64], usize) -> bool + Send + Sync> StoppingCriterion for F {
    fn stops(&self, ids: &[i64], prompt_length: usize) -> bool {
        self(ids, prompt_length)
    }
}

/// Criteria of which any ends a text.
#[derive(Clone, Default)]
pub(super) struct Stopping(Vec<Arc<dyn StoppingCriterion>>);

impl Stopping {
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

impl fmt::Debug for Stopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} criteria", self.0.len())
    }
}
