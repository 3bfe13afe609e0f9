//! Roles, and texts at the wrong place of a conversation.

use super::special_tokens::SpecialTokens;
use super::transcript::speakers;
use crate::check::{Check, Faults};
use crate::row::{Row, Turn};

/// The roles that chat templates know.
const KNOWN_ROLES: [&str; 7] = ["system", "developer", "user", "assistant", "tool", "function", "ipython"];

/// Fewest characters of a prompt with which an answer may begin by chance.
const SHORT_PROMPT: usize = 8;

/// Fewest bytes of a prompt that an answer does not contain by chance.
const LONG_PROMPT: usize = 40;

/// The mistakes of a row.
pub(crate) fn faults(row: &Row, tokens: &SpecialTokens) -> Faults {
    let mut faults = Faults::default();
    faults.set(Check::SpecialTokens, row.turns().any(|turn| tokens.occur_in(&turn.text)));
    faults.set(Check::DoubledBos, row.prompt.first().is_some_and(|turn| tokens.may_double_bos(&turn.text)));
    let (prompt, sides) = (&row.prompt, row.sides().into_iter().flatten());
    for side in sides {
        faults.join(roles(prompt, side));
        faults.set(Check::PromptInCompletion, repeats_prompt(prompt, side));
    }
    faults
}

fn roles(prompt: &[Turn], side: &[Turn]) -> Faults {
    let mut faults = Faults::default();
    let is_conversation = prompt.iter().chain(side).any(|turn| turn.role.is_some());
    if !is_conversation {
        return transcript(prompt, side);
    }
    let role = |turn: &Turn| turn.role.clone().unwrap_or_default();
    let all: Vec<String> = prompt.iter().chain(side).map(role).collect();
    faults.set(Check::UnknownRoles, all.iter().any(|role| !KNOWN_ROLES.contains(&role.as_str())));
    faults.set(Check::RepeatedRoles, has_repeated(&all, &["user", "assistant", "system"]));
    let is_empty_system = |turn: &Turn| turn.role.as_deref() == Some("system") && turn.text.trim().is_empty();
    faults.set(Check::EmptySystem, prompt.iter().chain(side).any(is_empty_system));
    // A file of whole conversations has no prompt of its own.
    let is_assistant = |turn: Option<&Turn>| turn.is_none_or(|turn| turn.role.as_deref() == Some("assistant"));
    let begins = prompt.is_empty() || is_assistant(side.first());
    faults.set(Check::AnswerRoles, !begins || !is_assistant(side.last()));
    faults
}

/// The mistakes of a conversation that is written as one text, as in HH-RLHF.
fn transcript(prompt: &[Turn], side: &[Turn]) -> Faults {
    let mut faults = Faults::default();
    let of = |turns: &[Turn]| turns.iter().flat_map(|turn| speakers(&turn.text)).collect::<Vec<_>>();
    let mut all = of(prompt);
    if all.is_empty() {
        return faults;
    }
    let answers = of(side);
    faults.set(Check::AnswerRoles, answers.contains(&"user"));
    all.extend(answers);
    faults.set(Check::RepeatedRoles, has_repeated(&all, &["user", "assistant"]));
    faults
}

/// Whether one of `roles` speaks twice in a row.
fn has_repeated<S: AsRef<str>>(all: &[S], roles: &[&str]) -> bool {
    let pairs = all.iter().zip(all.iter().skip(1));
    pairs.map(|(a, b)| (a.as_ref(), b.as_ref())).any(|(a, b)| a == b && roles.contains(&a))
}

/// Whether an answer begins with the prompt, or contains it if it is long.
fn repeats_prompt(prompt: &[Turn], side: &[Turn]) -> bool {
    let Some(question) = prompt.last().map(|turn| turn.text.trim()) else { return false };
    let Some(answer) = side.first().map(|turn| turn.text.trim_start()) else { return false };
    let is_short = question.chars().take(SHORT_PROMPT).count() < SHORT_PROMPT;
    !is_short && (answer.starts_with(question) || question.len() >= LONG_PROMPT && answer.contains(question))
}
