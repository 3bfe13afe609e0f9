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

/// Replaces the tags of generation blocks by those of call blocks. Comments, strings and raw blocks stay as they are,
/// and so do line numbers. What is not closed is left to the parser.
pub(super) fn as_call_blocks(source: &str) -> String {
    let mut replaced = String::with_capacity(source.len());
    let (mut rest, mut raw) = (source, false);
    while let Some(start) = rest.find('{') {
        let (text, from) = rest.split_at(start);
        replaced.push_str(text);
        let length = match from.as_bytes().get(1) {
            Some(b'%') if raw => from.find("%}").map(|end| end + 2),
            Some(b'%') => tag_length(from, "%}"),
            Some(b'{') if !raw => tag_length(from, "}}"),
            Some(b'#') if !raw => from.find("#}").map(|end| end + 2),
            _ => Some(1),
        };
        let Some((tag, after)) = length.and_then(|length| from.split_at_checked(length)) else {
            rest = from;
            break;
        };
        match keyword(tag) {
            "endraw" => raw = false,
            "raw" => raw = true,
            _ => {}
        }
        // Within a raw block, only its end is a tag; the search goes on right behind this brace.
        if raw && keyword(tag) != "raw" {
            replaced.push('{');
            rest = from.get(1..).unwrap_or_default();
            continue;
        }
        match keyword(tag) {
            "generation" => replaced.push_str(&tag.replacen("generation", &format!("call {NAME}()"), 1)),
            "endgeneration" => replaced.push_str(&tag.replacen("endgeneration", "endcall", 1)),
            _ => replaced.push_str(tag),
        }
        rest = after;
    }
    replaced + rest
}

/// What stands in a block tag, without the marks of whitespace control. Empty if it is another tag.
fn keyword(tag: &str) -> &str {
    let inner = tag.strip_prefix("{%").and_then(|tag| tag.strip_suffix("%}")).unwrap_or_default();
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    inner.strip_suffix(['-', '+']).unwrap_or(inner).trim()
}

/// The length of a tag up to and including `end`, which does not count in strings and in braces.
fn tag_length(tag: &str, end: &str) -> Option<usize> {
    let (mut quote, mut escaped, mut braces) = (None, false, 0_usize);
    for (at, found) in tag.char_indices().skip(2) {
        match (quote, found) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == found => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(found),
            (None, _) if braces == 0 && tag.get(at..).is_some_and(|rest| rest.starts_with(end)) => {
                return Some(at + end.len());
            }
            (None, '{') => braces += 1,
            (None, '}') => braces = braces.saturating_sub(1),
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::as_call_blocks;

    #[test]
    fn tags_become_call_blocks() {
        for (found, expected) in [
            ("a{% generation %}b{%- endgeneration -%}c", "a{% call align_generation() %}b{%- endcall -%}c"),
            ("{%-\ngeneration\n+%}", "{%-\ncall align_generation()\n+%}"),
            ("{{ {'a': {'%}': 1}} }}{%generation%}", "{{ {'a': {'%}': 1}} }}{%call align_generation()%}"),
        ] {
            assert_eq!(as_call_blocks(found), expected);
        }
    }

    #[test]
    fn other_text_stays() {
        for text in [
            "{# {% generation %} #}",
            "{{ '{% generation %}' }}{% set a = \"\\\"{% generation %}\" %}",
            "{% raw %}{{ '{% generation %}{%- endraw %}",
            "{% generation",
            "{{ '",
            "{%",
            "{",
            "{% raw %}{",
            "{% generation x %} é {% if generation %}",
        ] {
            assert_eq!(as_call_blocks(text), text);
        }
    }
}
