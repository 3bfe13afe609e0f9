use super::columns::Column;
use super::further::{Further, Values};
use super::pairs::PreferencePairs;
use super::raw::Raw;
use super::table::{Row, Table};
use super::value::Value;
use crate::pairing::{PairOptions, PairingReport, pair};
use crate::{Error, Result, ScoredText};

/// A text, with the prompt that it answers and its score where these are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The prompt.
    pub prompt: Option<String>,
    /// The text; it may begin with the prompt.
    pub text: String,
    /// The reward: higher is better.
    pub score: Option<f64>,
}

/// Texts, with the prompts that they answer and their scores where these are known.
pub type Texts = Table<Text>;

/// Texts with the prompts that they answer and a score each: what pairs are made of.
pub type ScoredTexts = Table<ScoredText>;

impl Row for Text {
    const TABLE: &'static str = "table of texts";

    const COLUMNS: &'static [Column] =
        &[Column::text("prompt").optional(), Column::text("text"), Column::number("score").optional()];

    fn rows(raw: &mut Raw) -> Result<Vec<Self>> {
        let prompts = raw.texts_if_any("prompt")?;
        let texts = raw.texts("text")?;
        let scores = raw.numbers_if_any("score")?.unwrap_or_default();
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

impl Row for ScoredText {
    const TABLE: &'static str = "table of scored texts";

    const COLUMNS: &'static [Column] = &[Column::text("prompt"), Column::text("text"), Column::number("score")];

    fn rows(raw: &mut Raw) -> Result<Vec<Self>> {
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
    /// Texts and the prompts that they answer, as generation gives them.
    ///
    /// # Errors
    /// When there are not as many prompts as texts.
    pub fn new<S: AsRef<str>, T: AsRef<str>>(prompts: &[S], texts: &[T]) -> Result<Self> {
        same_length("prompt", texts.len(), prompts.len())?;
        let row = |(prompt, text): (&S, &T)| Text {
            prompt: Some(prompt.as_ref().to_owned()),
            text: text.as_ref().to_owned(),
            score: None,
        };
        Self::from_rows(prompts.iter().zip(texts).map(row).collect())
    }

    /// The texts, one a row.
    pub fn texts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.text.as_str()).collect()
    }

    /// The prompts, one a row, where every row has one.
    pub fn prompts(&self) -> Option<Vec<&str>> {
        self.rows.iter().map(|row| row.prompt.as_deref()).collect()
    }

    /// The scores, one a row, where every row has one.
    pub fn scores(&self) -> Option<Vec<f64>> {
        self.rows.iter().map(|row| row.score).collect()
    }

    /// The same rows with these scores, in place of any that were there.
    ///
    /// # Errors
    /// When there is not one score a row, or one is not finite.
    pub fn with_scores(self, scores: &[f64]) -> Result<Self> {
        same_length("score", self.len(), scores.len())?;
        let rows = self.rows.into_iter().zip(scores).map(|(row, &score)| Text { score: Some(score), ..row });
        Ok(Self { further: self.further, ..Self::from_rows(rows.collect())? })
    }

    /// The same rows with a further column of numbers, such as a logit; it replaces a column of the same name.
    ///
    /// # Errors
    /// When there is not one number a row, or the name is one of the table's own columns.
    pub fn with_column(mut self, name: &str, numbers: &[f64]) -> Result<Self> {
        if Text::COLUMNS.iter().any(|column| column.name == name) {
            return Err(Error::Option {
                option: "name",
                expected: "a name other than prompt, text and score".to_owned(),
                found: format!("{name:?}"),
            });
        }
        same_length(name, self.len(), numbers.len())?;
        let values = Values::Floats(numbers.iter().copied().map(Some).collect());
        match self.further.iter_mut().find(|column| column.name == name) {
            Some(column) => column.values = values,
            None => self.further.push(Further { name: name.to_owned(), values }),
        }
        Ok(self)
    }

    /// The rows as scored texts.
    ///
    /// # Errors
    /// When a row has no prompt or no score.
    pub fn scored(self) -> Result<ScoredTexts> {
        let missing = |column: &str| Error::MissingColumn {
            origin: Text::TABLE.to_owned(),
            column: column.to_owned(),
            found: self.names(&self.columns()).into_iter().map(str::to_owned).collect(),
        };
        for (column, is_whole) in [("prompt", self.prompts().is_some()), ("score", self.scores().is_some())] {
            if !is_whole {
                return Err(missing(column));
            }
        }
        let scored = |row: Text| Some(ScoredText { prompt: row.prompt?, text: row.text, score: row.score? });
        let rows = self.rows.into_iter().filter_map(scored).collect();
        Ok(ScoredTexts { rows, further: self.further, file: self.file })
    }
}

impl Table<ScoredText> {
    /// The prompts, one a row.
    pub fn prompts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.prompt.as_str()).collect()
    }

    /// The texts, one a row.
    pub fn texts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.text.as_str()).collect()
    }

    /// The scores, one a row.
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
