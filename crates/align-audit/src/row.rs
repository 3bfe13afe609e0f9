//! A row of preference data, as the checks see it.

use crate::check::Faults;

/// A text, with the role of its speaker if it is a message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turn {
    /// The role, such as `user`. `None` for plain text.
    pub role: Option<String>,
    /// What is said.
    pub text: String,
}

impl Turn {
    /// Plain text.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { role: None, text: text.into() }
    }

    /// A message of a conversation.
    #[must_use]
    pub fn message(role: impl Into<String>, text: impl Into<String>) -> Self {
        Self { role: Some(role.into()), text: text.into() }
    }
}

/// The answers of a row, and what is said about them.
#[derive(Debug, Clone, PartialEq)]
pub enum Answers {
    /// A preference pair.
    Pair {
        /// The chosen side.
        chosen: Vec<Turn>,
        /// The rejected side.
        rejected: Vec<Turn>,
        /// The scores of the chosen and of the rejected side.
        scores: Option<[f64; 2]>,
        /// Whether the chosen side was shown first to those who chose.
        chosen_was_first: Option<bool>,
    },
    /// An answer with a label, as for KTO.
    Labelled {
        /// The answer.
        completion: Vec<Turn>,
        /// Whether it is desirable.
        label: bool,
    },
    /// A text, with a score if it has one.
    Text {
        /// The text.
        text: Vec<Turn>,
        /// Its score.
        score: Option<f64>,
    },
}

/// Token counts of a row under a model's tokeniser and chat template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenCounts {
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Tokens of the prompt and the longest answer.
    pub longest: usize,
    /// The most tokens that training keeps.
    pub limit: usize,
    /// Whether the sequence begins with two tokens of a beginning (BOS).
    pub doubled_bos: bool,
}

/// A row of preference data.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The prompt: plain text, or messages. Empty if the row has none.
    pub prompt: Vec<Turn>,
    /// The answers.
    pub answers: Answers,
    /// What the reader of the file found: escapes that it had to repair, or a refusal of the chat template.
    pub noted: Faults,
    /// Token counts, if a tokeniser is known and kept the row.
    pub tokens: Option<TokenCounts>,
}

impl Row {
    /// A pair of plain texts.
    #[must_use]
    pub fn pair(prompt: impl Into<String>, chosen: impl Into<String>, rejected: impl Into<String>) -> Self {
        let (chosen, rejected) = (vec![Turn::plain(chosen)], vec![Turn::plain(rejected)]);
        Self::new(vec![Turn::plain(prompt)], Answers::Pair { chosen, rejected, scores: None, chosen_was_first: None })
    }

    /// A labelled answer of plain text.
    #[must_use]
    pub fn labelled(prompt: impl Into<String>, completion: impl Into<String>, label: bool) -> Self {
        Self::new(vec![Turn::plain(prompt)], Answers::Labelled { completion: vec![Turn::plain(completion)], label })
    }

    /// A row of turns.
    #[must_use]
    pub fn new(prompt: Vec<Turn>, answers: Answers) -> Self {
        Self { prompt, answers, noted: Faults::default(), tokens: None }
    }

    /// The answers: chosen and rejected, or the only one.
    pub(crate) fn sides(&self) -> [Option<&[Turn]>; 2] {
        match &self.answers {
            Answers::Pair { chosen, rejected, .. } => [Some(chosen), Some(rejected)],
            Answers::Labelled { completion, .. } => [Some(completion), None],
            Answers::Text { text, .. } => [Some(text), None],
        }
    }

    /// All turns of the row.
    pub(crate) fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.prompt.iter().chain(self.sides().into_iter().flatten().flatten())
    }
}

/// A row with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberedRow {
    /// The number of the row in its file, counted from 1.
    pub number: usize,
    /// The row.
    pub row: Row,
}

/// Whether all texts of a side are empty or white space.
pub(crate) fn is_blank(turns: &[Turn]) -> bool {
    turns.iter().all(|turn| turn.text.trim().is_empty())
}
