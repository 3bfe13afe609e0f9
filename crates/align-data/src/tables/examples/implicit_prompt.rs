//! Prompts that a file does not name: the common beginning of the chosen and the rejected side.

use crate::chat::Message;

/// Splits two texts into prompt, chosen and rejected as TRL's `extract_prompt` does: the prompt is what both begin
/// with, but for the last character of the shorter one, and a space before the split belongs to the completions.
pub(super) fn split_texts(chosen: &str, rejected: &str) -> (String, String, String) {
    let shared = chosen.char_indices().zip(rejected.chars());
    let differs = shared.filter(|((_, a), b)| a != b).map(|((at, _), _)| at).next();
    let last = |text: &str| text.char_indices().next_back().map_or(0, |(at, _)| at);
    let (chosen_start, rejected_start) = match differs {
        // TRL looks at the character before the first, which in Python is the last one.
        Some(0) if chosen.ends_with(' ') => (last(chosen), last(rejected)),
        Some(at) if chosen.get(..at).is_some_and(|prompt| prompt.ends_with(' ')) => (at - 1, at - 1),
        Some(at) => (at, at),
        None => (last(chosen).min(last(rejected)), last(chosen).min(last(rejected))),
    };
    let (prompt, chosen) = chosen.split_at(chosen_start);
    (prompt.to_owned(), chosen.to_owned(), rejected.get(rejected_start..).unwrap_or_default().to_owned())
}

/// Splits two conversations: the prompt is the messages that both begin with, but for the last one of the shorter.
pub(super) fn split_messages(
    mut chosen: Vec<Message>,
    mut rejected: Vec<Message>,
) -> (Vec<Message>, Vec<Message>, Vec<Message>) {
    let differs = chosen.iter().zip(&rejected).position(|(a, b)| a != b);
    let start = differs.unwrap_or_else(|| chosen.len().min(rejected.len()).saturating_sub(1));
    let chosen_end = chosen.split_off(start);
    (chosen, chosen_end, rejected.split_off(start))
}
