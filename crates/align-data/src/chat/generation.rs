//! `{% generation %}` blocks, which mark what the assistant says.
//!
//! As in transformers, a block becomes a call block: `{% call align_generation() %}…{% endcall %}`. The called object
//! knows how much text was written before the block.

use minijinja::value::{Kwargs, Object, Value, from_args};
use minijinja::{Error, State};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The variable that the call blocks name.
pub(super) const NAME: &str = "align_generation";

/// Records where the blocks lie in the text.
#[derive(Debug, Default)]
pub(super) struct Generation {
    /// The bytes of text written so far.
    pub written: Arc<AtomicUsize>,
    pub spans: Mutex<Vec<Range<usize>>>,
}

impl Generation {
    pub fn take_spans(&self) -> Vec<Range<usize>> {
        std::mem::take(&mut self.spans.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Object for Generation {
    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (kwargs,): (Kwargs,) = from_args(args)?;
        let caller: Value = kwargs.get("caller")?;
        let text = caller.call(state, &[])?;
        let start = self.written.load(Ordering::Relaxed);
        let length = text.as_str().map_or(0, str::len);
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).push(start..start + length);
        Ok(text)
    }
}

/// The tag of a call block for the tag of a generation block, whose text between the braces is `keyword`.
pub(super) fn call_block(tag: &str, keyword: &str) -> Option<String> {
    match keyword {
        "generation" => Some(tag.replacen(keyword, &format!("call {NAME}()"), 1)),
        "endgeneration" => Some(tag.replacen(keyword, "endcall", 1)),
        _ => None,
    }
}
