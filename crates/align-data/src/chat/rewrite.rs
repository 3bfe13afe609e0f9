//! Rewrites the tags of a template before it is compiled: those of generation blocks, and values in expressions.

use super::generation::call_block;
use super::guards::guarded;

/// The line of a template and what is wrong there.
pub(super) type Problem = (usize, String);

/// A template with rewritten tags.
pub(super) struct Rewritten {
    pub source: String,
    pub marks_generation: bool,
}

/// Rewrites the tags of a template. Comments, strings and raw blocks stay as they are, and so do line numbers. What is not
/// closed is left to the parser.
pub(super) fn rewrite(source: &str) -> Result<Rewritten, Problem> {
    let mut rewritten = Rewritten { source: String::with_capacity(source.len()), marks_generation: false };
    let (mut rest, mut raw) = (source, false);
    while let Some(start) = rest.find('{') {
        let (text, from) = rest.split_at(start);
        rewritten.source.push_str(text);
        let kind = from.as_bytes().get(1).copied().unwrap_or_default();
        let length = match kind {
            b'%' if raw => from.find("%}").map(|end| end + 2).filter(|_| is_endraw(from)),
            _ if raw => None,
            b'%' => tag_length(from, "%}"),
            b'{' => tag_length(from, "}}"),
            b'#' => from.find("#}").map(|end| end + 2),
            _ => None,
        };
        let (tag, after) = from.split_at_checked(length.unwrap_or(1)).unwrap_or((from, ""));
        rest = after;
        if length.is_none() || kind == b'#' {
            rewritten.source.push_str(tag);
            continue;
        }
        let keyword = keyword(tag);
        raw = keyword == "raw";
        if let Some(call) = call_block(tag, keyword) {
            rewritten.marks_generation = true;
            rewritten.source.push_str(&call);
        } else {
            let line = || source.get(..source.len() - from.len()).unwrap_or_default().matches('\n').count() + 1;
            rewritten.source.push_str(&guarded(tag).map_err(|problem| (line(), problem))?);
        }
    }
    rewritten.source.push_str(rest);
    Ok(rewritten)
}

/// Whether a text begins with the tag that ends a raw block.
fn is_endraw(text: &str) -> bool {
    text.find("%}").and_then(|end| text.get(..end + 2)).is_some_and(|tag| keyword(tag) == "endraw")
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
    #![allow(clippy::unwrap_used)]
    use super::rewrite;

    #[test]
    fn tags_become_call_blocks() {
        for (found, expected) in [
            ("a{% generation %}b{%- endgeneration -%}c", "a{% call align_generation() %}b{%- endcall -%}c"),
            ("{%-\ngeneration\n+%}", "{%-\ncall align_generation()\n+%}"),
            ("{{ '{% generation %}' }}{%generation%}", "{{ '{% generation %}' }}{%call align_generation()%}"),
        ] {
            assert_eq!(rewrite(found).unwrap().source, expected);
        }
    }

    #[test]
    fn other_text_stays() {
        for text in [
            "{# {% generation %} #}",
            "{{ '{% generation %}' }}{% if a == \"\\\"{% generation %}\" %}",
            "{% raw %}{{ '{% generation %}{%- endraw %}",
            "{% generation",
            "{{ '",
            "{%",
            "{",
            "{% raw %}{",
            "{% raw %}{{ [1] }}{% set x = [1] %}{% endraw %}",
            "{% generation x %} é {% if generation %}",
        ] {
            assert_eq!(rewrite(text).unwrap().source, text);
        }
    }

    #[test]
    fn values_pass_through_filters() {
        for (found, expected) in [
            ("{{ [a, {'b': (1, 2)}][0] }}", "{{ ([a, ({'b': ((1, 2)|align_value)}|align_value)]|align_value)[0] }}"),
            ("{%- set a.b = c[1:] + [d] -%}", "{%- set a.b =( c[1:] + ([d]|align_value) )|align_attribute(a)-%}"),
            ("{% set (a, b)=[1]%}", "{% set (a, b)=(([1]|align_value))|align_value%}"),
            ("{% with a = b == c, d = (e) %}", "{% with a =( b == c)|align_value, d =( (e) )|align_value%}"),
            (
                "{% for (k, v) in (a, b) if k in [1] %}",
                "{% for (k, v) in ((a, b)|align_value) if k in ([1]|align_value) %}",
            ),
        ] {
            assert_eq!(rewrite(found).unwrap().source, expected);
        }
        for text in [
            "{{ f(a, b)[0].in[1]((c)) }}{{ 'a'[1:] }}",
            "{% macro f(a, b='[1]') %}{% call(a, b) f(a) %}{% filter indent(2, true) %}",
            "{% set a %}{% if (a == b) and not (c) %}{% set a | replace(a=b, c=d) %}",
        ] {
            assert_eq!(rewrite(text).unwrap().source, text);
        }
        assert_eq!(
            rewrite("\n{% for a in b, c %}").err(),
            Some((2, "put the values of a loop in parentheses or in brackets".to_owned()))
        );
    }
}
