//! Preference pairs.

use super::super::columns::Column;
use super::super::content::Contents;
use super::super::raw_table::RawTable;
use super::super::table::Row;
use super::implicit_prompt::{split_messages, split_texts};
use super::template_inputs::take_inputs;
use super::{ExampleRow, alpaca, note, share_gpt};
use crate::chat::Message;
use crate::{ConversationPair, Error, Example, PairExample, PairNumber, PairNumbers, PreferencePair, Result};

/// The messages of each row.
type Conversations = Vec<Vec<Message>>;

/// Names of columns that probably hold the prompt: then it is not implicit.
const PROMPT_NAMES: [&str; 6] = ["question", "query", "context", "input", "prompts", "promt"];

impl ExampleRow for PairExample {
    fn columns() -> Vec<Column> {
        let scores = ["chosen_score", "rejected_score"].map(|name| Column::number(name).optional());
        let sides = [Column::content("prompt").optional(), Column::content("chosen"), Column::content("rejected")];
        let others = ["conversations", "messages", "instruction", "input", "system", "history", "tools"];
        let others = others.into_iter().chain(["chat_template_kwargs"]);
        let others = others.chain(PairNumber::ALL.map(PairNumber::name)).map(Column::any);
        sides.into_iter().chain(scores).chain(others).collect()
    }

    fn read_rows(raw: &mut RawTable, notes: &mut Vec<String>) -> Result<Vec<Self>> {
        raw.check_columns(&Self::columns())?;
        let sides = (raw.contents("chosen")?, raw.contents("rejected")?);
        let prompts = raw.optional_contents("prompt")?;
        match (prompts, sides) {
            (Some(Contents::Texts(prompts)), (Contents::Texts(chosen), Contents::Texts(rejected))) => {
                let texts = prompts.into_iter().zip(chosen).zip(rejected);
                plain_pairs(raw, texts.map(|((prompt, chosen), rejected)| (prompt, chosen, rejected)))
            }
            (Some(Contents::Messages(prompts)), sides) => {
                let (chosen, rejected) = messages_of(raw, sides)?;
                conversations(raw, prompts, chosen, rejected)
            }
            (Some(Contents::Texts(_)), (Contents::Messages(chosen), Contents::Messages(rejected))) => {
                note(
                    notes,
                    "the prompt is the messages that chosen and rejected begin with; the column prompt is not used",
                );
                implicit_conversations(raw, chosen, rejected)
            }
            (None, sides) => read_without_prompt(raw, sides, notes),
            (_, sides) => Err(different_sides(raw, &sides)),
        }
    }

    fn is_conversation(&self) -> bool {
        matches!(self, Self::Conversation(_))
    }
}

/// The rows of a file without a column `prompt`.
fn read_without_prompt(
    raw: &mut RawTable,
    sides: (Contents, Contents),
    notes: &mut Vec<String>,
) -> Result<Vec<PairExample>> {
    if let Some(column) = share_gpt::column(raw).filter(|_| !is_whole_conversation(&sides)) {
        note(notes, &format!("layout: {column}, chosen and rejected; the prompt is {column}"));
        let prompts = share_gpt::take_conversations(raw, column)?;
        let (chosen, rejected) = answers_of(raw, sides)?;
        return conversations(raw, prompts, chosen, rejected);
    }
    if raw.has("instruction") {
        note(notes, "layout: Alpaca (instruction and input are the user's message)");
        let prompts = alpaca::take_prompts(raw)?;
        let (chosen, rejected) = answers_of(raw, sides)?;
        return conversations(raw, prompts, chosen, rejected);
    }
    match sides {
        (Contents::Messages(chosen), Contents::Messages(rejected)) => {
            note(notes, "the prompt is the messages that chosen and rejected begin with");
            implicit_conversations(raw, chosen, rejected)
        }
        (Contents::Texts(_), Contents::Texts(_)) if has_other_prompt(raw) => {
            Err(raw.missing_error(vec![vec!["prompt".to_owned()]]))
        }
        (Contents::Texts(chosen), Contents::Texts(rejected)) => {
            note(notes, "the prompt is what chosen and rejected begin with");
            plain_pairs(raw, chosen.iter().zip(&rejected).map(|(chosen, rejected)| split_texts(chosen, rejected)))
        }
        sides => Err(different_sides(raw, &sides)),
    }
}

/// Whether both sides hold more than the answer: then a column of conversations is not the prompt.
fn is_whole_conversation(sides: &(Contents, Contents)) -> bool {
    let begins_with_user = |side: &Contents| match side {
        Contents::Messages(rows) => {
            rows.iter().flat_map(|messages| messages.first()).any(|message| matches!(message.role(), "user" | "system"))
        }
        Contents::Texts(_) => false,
    };
    begins_with_user(&sides.0) || begins_with_user(&sides.1)
}

fn has_other_prompt(raw: &RawTable) -> bool {
    raw.names().iter().any(|name| {
        let plain = name.to_lowercase().replace([' ', '-', '_'], "");
        PROMPT_NAMES.contains(&plain.as_str()) || plain.starts_with("prompt")
    })
}

fn plain_pairs(raw: &mut RawTable, texts: impl Iterator<Item = (String, String, String)>) -> Result<Vec<PairExample>> {
    let chosen_scores = raw.optional_numbers("chosen_score")?.unwrap_or_default();
    let rejected_scores = raw.optional_numbers("rejected_score")?.unwrap_or_default();
    let pair = |(row, (prompt, chosen, rejected)): (usize, (String, String, String))| {
        let chosen_score = chosen_scores.get(row).copied();
        let rejected_score = rejected_scores.get(row).copied();
        let numbers = PairNumbers::default();
        Example::Plain(PreferencePair { prompt, chosen, rejected, chosen_score, rejected_score, numbers })
    };
    Ok(texts.enumerate().map(pair).collect())
}

fn implicit_conversations(
    raw: &mut RawTable,
    chosen: Conversations,
    rejected: Conversations,
) -> Result<Vec<PairExample>> {
    let inputs = take_inputs(raw, chosen.len())?;
    let pair = |((chosen, rejected), inputs)| {
        let (prompt, chosen, rejected) = split_messages(chosen, rejected);
        let numbers = PairNumbers::default();
        Example::Conversation(ConversationPair { prompt, chosen, rejected, inputs, numbers })
    };
    Ok(chosen.into_iter().zip(rejected).zip(inputs).map(pair).collect())
}

fn conversations(
    raw: &mut RawTable,
    prompts: Conversations,
    chosen: Conversations,
    rejected: Conversations,
) -> Result<Vec<PairExample>> {
    let inputs = take_inputs(raw, prompts.len())?;
    let rows = prompts.into_iter().zip(chosen).zip(rejected).zip(inputs);
    let pair = |(((prompt, chosen), rejected), inputs)| {
        let numbers = PairNumbers::default();
        Example::Conversation(ConversationPair { prompt, chosen, rejected, inputs, numbers })
    };
    Ok(rows.map(pair).collect())
}

/// Both sides as messages.
fn messages_of(raw: &RawTable, sides: (Contents, Contents)) -> Result<(Conversations, Conversations)> {
    match sides {
        (Contents::Messages(chosen), Contents::Messages(rejected)) => Ok((chosen, rejected)),
        sides => Err(different_sides(raw, &sides)),
    }
}

/// Both sides as messages. A text is what the assistant says.
fn answers_of(raw: &RawTable, sides: (Contents, Contents)) -> Result<(Conversations, Conversations)> {
    let say = |texts: Vec<String>| texts.iter().map(|text| vec![Message::new("assistant", text)]).collect();
    match sides {
        (Contents::Texts(chosen), Contents::Texts(rejected)) => Ok((say(chosen), say(rejected))),
        sides => messages_of(raw, sides),
    }
}

fn different_sides(raw: &RawTable, (chosen, rejected): &(Contents, Contents)) -> Error {
    let (column, found) = match (chosen, rejected) {
        (Contents::Messages(_), Contents::Texts(_)) => ("rejected", "text"),
        (Contents::Texts(_), Contents::Messages(_)) => ("chosen", "text"),
        _ => ("chosen", "text, although prompt holds messages"),
    };
    Error::ColumnType {
        origin: raw.origin().to_owned(),
        column: column.to_owned(),
        expected: "lists of messages in prompt, chosen and rejected, or text in all three",
        found: found.to_owned(),
    }
}

/// The columns of a pair of texts, which error messages about missing columns list.
pub(super) const PLAIN_COLUMNS: &[Column] = PreferencePair::COLUMNS;
