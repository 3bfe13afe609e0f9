//! Columns that hold texts or conversations.

use super::column_context::ColumnContext;
use super::columns::ColumnKind;
use super::messages::parse_messages;
use super::raw_table::RawTable;
use super::value::Value;
use crate::Result;
use crate::chat::Message;

/// The values of a column: all texts, or all lists of messages.
#[derive(Debug)]
pub(super) enum Contents {
    Texts(Vec<String>),
    Messages(Vec<Vec<Message>>),
}

impl Contents {
    fn form(&self) -> &'static str {
        match self {
            Self::Texts(_) => "text",
            Self::Messages(_) => "a list of messages",
        }
    }
}

impl RawTable {
    /// Takes a column of texts or conversations, if it exists. A single message counts as a list of one.
    pub(super) fn optional_contents(&mut self, name: &str) -> Result<Option<Contents>> {
        self.take(name, ColumnKind::Content, |column, values, _| {
            let mut contents = match values.first() {
                Some(Value::Json(_)) => Contents::Messages(Vec::with_capacity(values.len())),
                _ => Contents::Texts(Vec::with_capacity(values.len())),
            };
            for (row, value) in values.iter().enumerate() {
                push(&mut contents, column, row, *value)?;
            }
            Ok(contents)
        })
    }

    /// Takes a column of texts or conversations.
    pub(super) fn contents(&mut self, name: &str) -> Result<Contents> {
        self.optional_contents(name)?.ok_or_else(|| self.missing_error(vec![vec![name.to_owned()]]))
    }

    /// Takes a column of conversations, if it exists.
    pub(super) fn optional_messages(&mut self, name: &str) -> Result<Option<Vec<Vec<Message>>>> {
        let origin = self.origin().to_owned();
        match self.optional_contents(name)? {
            None => Ok(None),
            Some(Contents::Messages(messages)) => Ok(Some(messages)),
            Some(Contents::Texts(texts)) if texts.is_empty() => Ok(Some(Vec::new())),
            Some(Contents::Texts(_)) => {
                let context = ColumnContext { origin: &origin, column: name, kind: ColumnKind::Content };
                Err(context.cell_error(0, "a list of messages", "text"))
            }
        }
    }

    /// Takes a column whose texts may be null, if it exists.
    pub(super) fn optional_nullable_texts(&mut self, name: &str) -> Result<Option<Vec<Option<String>>>> {
        self.take(name, ColumnKind::Any, |column, values, _| {
            let text = |(row, value): (usize, &Value<'_>)| match value {
                Value::Text(text) => Ok(Some((*text).to_owned())),
                Value::Null => Ok(None),
                other => Err(column.cell_error(row, "text or null", other.type_name())),
            };
            values.iter().enumerate().map(text).collect()
        })
    }
}

fn push(contents: &mut Contents, column: &ColumnContext<'_>, row: usize, value: Value<'_>) -> Result<()> {
    match (contents, value) {
        (Contents::Texts(texts), Value::Text(text)) => texts.push(text.to_owned()),
        (Contents::Messages(rows), Value::Json(json)) => rows.push(parse_messages(json, column, row)?),
        (_, Value::Null) => return Err(column.null_error(row)),
        (contents, other) if row > 0 => {
            let expected = format!("{}, as in the rows before", contents.form());
            return Err(column.cell_error(row, expected, other.type_name()));
        }
        (_, other) => return Err(column.cell_error(row, column.kind.expected_cell(), other.type_name())),
    }
    Ok(())
}
