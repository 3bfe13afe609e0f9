//! What the encoders need of a row: its prompt and its completions.

use crate::chat::Message;
use crate::{
    ConversationCompletion, ConversationPair, Example, PairNumbers, PreferencePair, RewardExample, TemplateInputs,
    UnpairedConversation, UnpairedPreference,
};

/// The prompt and the `N` completions of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowParts<'a, const N: usize> {
    /// Plain texts.
    Plain {
        /// The prompt.
        prompt: &'a str,
        /// The completions.
        completions: [&'a str; N],
    },
    /// Messages, to which the tokeniser's chat template is applied.
    Conversation {
        /// The messages of the prompt; none if there is no prompt.
        prompt: &'a [Message],
        /// The messages of each completion.
        completions: [&'a [Message]; N],
        /// What the template is given besides.
        inputs: &'a TemplateInputs,
    },
}

/// A row with a prompt and `N` completions: two for a preference pair, one otherwise.
pub trait PromptedRow<const N: usize> {
    /// The row's prompt and completions.
    fn parts(&self) -> RowParts<'_, N>;
}

/// A row with one completion and a binary label.
pub trait LabelledRow: PromptedRow<1> {
    /// Whether the completion is desirable.
    fn label(&self) -> bool;

    /// Whether the row is one side of a preference pair. The chosen side is followed by the rejected one.
    fn is_from_pair(&self) -> bool {
        false
    }
}

/// A preference pair.
pub trait PairRow: PromptedRow<2> {
    /// The pair's own numbers. The margin is the pair's own, or else the difference of its scores.
    fn numbers(&self) -> PairNumbers {
        PairNumbers::default()
    }
}

/// A pair for training a reward model.
pub trait RewardRow: PairRow {
    /// By how much the rewards of the two texts are to differ: the row's own margin, if it has one. The difference of its scores does not count.
    fn margin(&self) -> Option<f64>;
}

impl PairRow for PreferencePair {
    fn numbers(&self) -> PairNumbers {
        let of_scores = PairNumbers::margin_of_scores(self.chosen_score, self.rejected_score);
        PairNumbers { margin: self.numbers.margin.or(of_scores), ..self.numbers }
    }
}

impl PairRow for ConversationPair {
    fn numbers(&self) -> PairNumbers {
        self.numbers
    }
}

impl<P: PairRow, C: PairRow> PairRow for Example<P, C> {
    fn numbers(&self) -> PairNumbers {
        match self {
            Self::Plain(row) => row.numbers(),
            Self::Conversation(row) => row.numbers(),
        }
    }
}

impl PairRow for RewardExample {
    fn numbers(&self) -> PairNumbers {
        self.pair.numbers()
    }
}

impl RewardRow for PreferencePair {
    fn margin(&self) -> Option<f64> {
        self.numbers.margin
    }
}

impl RewardRow for ConversationPair {
    fn margin(&self) -> Option<f64> {
        self.numbers.margin
    }
}

impl<P: RewardRow, C: RewardRow> RewardRow for Example<P, C> {
    fn margin(&self) -> Option<f64> {
        match self {
            Self::Plain(row) => row.margin(),
            Self::Conversation(row) => row.margin(),
        }
    }
}

impl PromptedRow<2> for RewardExample {
    fn parts(&self) -> RowParts<'_, 2> {
        self.pair.parts()
    }
}

impl RewardRow for RewardExample {
    fn margin(&self) -> Option<f64> {
        self.pair.margin()
    }
}

impl PromptedRow<2> for PreferencePair {
    fn parts(&self) -> RowParts<'_, 2> {
        RowParts::Plain { prompt: &self.prompt, completions: [&self.chosen, &self.rejected] }
    }
}

impl PromptedRow<2> for ConversationPair {
    fn parts(&self) -> RowParts<'_, 2> {
        let completions = [self.chosen.as_slice(), &self.rejected];
        RowParts::Conversation { prompt: &self.prompt, completions, inputs: &self.inputs }
    }
}

impl PromptedRow<1> for UnpairedPreference {
    fn parts(&self) -> RowParts<'_, 1> {
        RowParts::Plain { prompt: &self.prompt, completions: [&self.completion] }
    }
}

impl PromptedRow<1> for UnpairedConversation {
    fn parts(&self) -> RowParts<'_, 1> {
        RowParts::Conversation { prompt: &self.prompt, completions: [&self.completion], inputs: &self.inputs }
    }
}

impl<P: AsRef<str>, C: AsRef<str>> PromptedRow<1> for (P, C) {
    fn parts(&self) -> RowParts<'_, 1> {
        RowParts::Plain { prompt: self.0.as_ref(), completions: [self.1.as_ref()] }
    }
}

impl PromptedRow<1> for ConversationCompletion {
    fn parts(&self) -> RowParts<'_, 1> {
        RowParts::Conversation { prompt: &self.prompt, completions: [&self.completion], inputs: &self.inputs }
    }
}

impl<P: PromptedRow<N>, C: PromptedRow<N>, const N: usize> PromptedRow<N> for Example<P, C> {
    fn parts(&self) -> RowParts<'_, N> {
        match self {
            Self::Plain(row) => row.parts(),
            Self::Conversation(row) => row.parts(),
        }
    }
}

impl LabelledRow for UnpairedPreference {
    fn label(&self) -> bool {
        self.label
    }

    fn is_from_pair(&self) -> bool {
        self.from_pair
    }
}

impl LabelledRow for UnpairedConversation {
    fn label(&self) -> bool {
        self.label
    }

    fn is_from_pair(&self) -> bool {
        self.from_pair
    }
}

impl<P: LabelledRow, C: LabelledRow> LabelledRow for Example<P, C> {
    fn label(&self) -> bool {
        match self {
            Self::Plain(row) => row.label(),
            Self::Conversation(row) => row.label(),
        }
    }

    fn is_from_pair(&self) -> bool {
        match self {
            Self::Plain(row) => row.is_from_pair(),
            Self::Conversation(row) => row.is_from_pair(),
        }
    }
}
