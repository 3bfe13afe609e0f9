use super::columns::Column;
use super::content::Contents;
use super::pairs::PreferencePairs;
use super::raw_table::RawTable;
use super::table::{Row, Table};
use super::value::Value;
use crate::chat::Message;
use crate::pairing::{PairOptions, PairingReport, pair};
use crate::{Error, Result, ScoredText};

/// A text with its prompt and score, if known.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The prompt.
    pub prompt: Option<String>,
    /// The text; it may begin with the prompt.
    pub text: String,
    /// The reward; higher is better.
    pub score: Option<f64>,
}

/// Texts with their prompts and scores, if known.
pub type Texts = Table<Text>;

/// Texts with prompts and scores, from which preference pairs are made.
pub type ScoredTexts = Table<ScoredText>;

impl Row for Text {
    const TABLE: &'static str = "table of texts";

    const COLUMNS: &'static [Column] =
        &[Column::content("prompt").optional(), Column::content("text"), Column::number("score").optional()];

    fn read_rows(raw: &mut RawTable) -> Result<Vec<Self>> {
        // A prompt of messages stays an extra column, so that it is written as it was.
        let prompts = if raw.holds_messages("prompt") { None } else { raw.optional_texts("prompt")? };
        let texts = match raw.contents("text")? {
            Contents::Texts(texts) => texts,
            Contents::Messages(answers) => answers.iter().map(|answer| text_of(answer)).collect(),
        };
        let scores = raw.optional_numbers("score")?.unwrap_or_default();
        let mut prompts = prompts.into_iter().flatten();
        let row = |(row, text)| Self { prompt: prompts.next(), text, score: scores.get(row).copied() };
        Ok(texts.into_iter().enumerate().map(row).collect())
    }

    fn value(&self, column: &str) -> Value<'_> {
        match column {
            "prompt" => self.prompt.as_deref().map_or(Value::Null, Value::Text),
            "text" => Value::Text(&self.text),
            "score" => self.score.map_or(Value::Null, Value::Float),
            _ => Value::Null,
        }
    }
}

/// What messages say, without who says it.
fn text_of(messages: &[Message]) -> String {
    messages.iter().filter_map(Message::content).collect::<Vec<_>>().join("\n")
}

impl Row for ScoredText {
    const TABLE: &'static str = "table of scored texts";

    const COLUMNS: &'static [Column] = &[Column::text("prompt"), Column::text("text"), Column::number("score")];

    fn read_rows(raw: &mut RawTable) -> Result<Vec<Self>> {
        let rows = raw.texts("prompt")?.into_iter().zip(raw.texts("text")?).zip(raw.numbers("score")?);
        Ok(rows.map(|((prompt, text), score)| Self { prompt, text, score }).collect())
    }

    fn value(&self, column: &str) -> Value<'_> {
        match column {
            "prompt" => Value::Text(&self.prompt),
            "text" => Value::Text(&self.text),
            "score" => Value::Float(self.score),
            _ => Value::Null,
        }
    }
}

impl Table<Text> {
    /// Creates a table of generated texts and their prompts.
    ///
    /// # Errors
    /// When the numbers of prompts and texts differ.
    pub fn new<S: AsRef<str>, T: AsRef<str>>(prompts: &[S], texts: &[T]) -> Result<Self> {
        same_length("prompt", texts.len(), prompts.len())?;
        let row = |(prompt, text): (&S, &T)| Text {
            prompt: Some(prompt.as_ref().to_owned()),
            text: text.as_ref().to_owned(),
            score: None,
        };
        Self::from_rows(prompts.iter().zip(texts).map(row).collect())
    }

    /// The texts, one per row.
    pub fn texts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.text.as_str()).collect()
    }

    /// The prompts, one per row, if every row has one.
    pub fn prompts(&self) -> Option<Vec<&str>> {
        self.rows.iter().map(|row| row.prompt.as_deref()).collect()
    }

    /// What distinguishes the prompts of the rows, if every row has one: the prompts, or the JSON text of their messages.
    pub fn prompt_keys(&self) -> Option<Vec<&str>> {
        let messages = self.extra_columns.iter().find(|column| column.name == "prompt");
        self.prompts().or_else(|| {
            let message = |row| match messages?.values.value(row) {
                Value::Json(messages) => Some(messages),
                _ => None,
            };
            (0..self.len()).map(message).collect()
        })
    }

    /// The scores, one per row, if every row has one.
    pub fn scores(&self) -> Option<Vec<f64>> {
        self.rows.iter().map(|row| row.score).collect()
    }

    /// Sets the scores and replaces any existing ones.
    ///
    /// # Errors
    /// When the number of scores differs from the number of rows, or a score is not finite.
    pub fn with_scores(self, scores: &[f64]) -> Result<Self> {
        same_length("score", self.len(), scores.len())?;
        let rows = self.rows.into_iter().zip(scores).map(|(row, &score)| Text { score: Some(score), ..row });
        Ok(Self { extra_columns: self.extra_columns, ..Self::from_rows(rows.collect())? })
    }

    /// Converts the rows to scored texts.
    ///
    /// # Errors
    /// When a row has no prompt or no score.
    pub fn scored(self) -> Result<ScoredTexts> {
        let missing = |column: &str| Error::MissingColumns {
            origin: Text::TABLE.to_owned(),
            missing: vec![vec![column.to_owned()]],
            found: self.names(&self.columns()).into_iter().map(str::to_owned).collect(),
        };
        for (column, is_whole) in [("prompt", self.prompts().is_some()), ("score", self.scores().is_some())] {
            if !is_whole {
                return Err(missing(column));
            }
        }
        let scored = |row: Text| Some(ScoredText { prompt: row.prompt?, text: row.text, score: row.score? });
        let rows = self.rows.into_iter().filter_map(scored).collect();
        Ok(ScoredTexts { rows, extra_columns: self.extra_columns, file: self.file })
    }
}

impl Table<ScoredText> {
    /// The prompts, one per row.
    pub fn prompts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.prompt.as_str()).collect()
    }

    /// The texts, one per row.
    pub fn texts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.text.as_str()).collect()
    }

    /// The scores, one per row.
    pub fn scores(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.score).collect()
    }

    /// Pairs the texts of each prompt, as [`pair`] does.
    ///
    /// # Errors
    /// When an option is invalid or there would be too many pairs.
    pub fn pair(&self, options: &PairOptions) -> Result<(PreferencePairs, PairingReport)> {
        let (pairs, report) = pair(&self.rows, options)?;
        Ok((PreferencePairs::from_rows(pairs)?, report))
    }
}

fn same_length(column: &str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::Length { column: column.to_owned(), expected, found }) }
}
