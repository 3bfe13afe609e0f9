//! The names of the checks, what each finds and what to do about it.

use serde::{Serialize, Serializer};
use std::fmt;

/// A group of checks, for tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Rows that teach nothing or not what they say.
    Rows,
    /// Rows and prompts that occur more than once.
    Repetition,
    /// What predicts the choice besides the quality of the texts.
    Prediction,
    /// Characters that are not what the author wrote.
    Encoding,
    /// Languages.
    Language,
    /// Roles and special tokens.
    Template,
    /// Scores and log-probabilities.
    Scores,
}

/// Declares the checks: the variant, its name, its group, the default threshold of `--fail-on`, what it finds, and what to do.
macro_rules! checks {
    ($($variant:ident $name:literal $group:ident $threshold:literal $finds:literal $advice:literal;)*) => {
        /// A check of preference data. Its name is that of the command line and of reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $(#[doc = $finds] $variant,)*
        }

        impl Check {
            /// All checks, in the order of reports.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name, such as `near-duplicates`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The group of the check.
            #[must_use]
            pub fn group(self) -> Group {
                match self { $(Self::$variant => Group::$group,)* }
            }

            /// The largest share of rows, or of right predictions, that is accepted where a threshold is not given.
            #[must_use]
            pub fn default_threshold(self) -> f64 {
                match self { $(Self::$variant => $threshold,)* }
            }

            /// What the check finds.
            #[must_use]
            pub fn finds(self) -> &'static str {
                match self { $(Self::$variant => $finds,)* }
            }

            /// What to do about it.
            #[must_use]
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

checks! {
    Unreadable "unreadable" Rows 0.0
        "Rows that cannot be read, so that no other check sees them."
        "Repair or remove them: a run stops at the first one.";
    Equal "equal" Rows 0.0
        "Pairs whose two sides are the same text."
        "Remove them: they have no gradient.";
    Empty "empty" Rows 0.0
        "Rows with an answer that is empty or white space."
        "Remove them, or restore the answers from the source.";
    EmptyPrompt "empty-prompt" Rows 0.0
        "Rows whose prompt, or its last message, is empty or white space."
        "Check the column of prompts (--columns); remove rows that lost their prompt.";
    Cut "cut" Rows 0.0
        "Rows with a text of more tokens than the limit, whose end is cut off in training."
        "Raise --max-length, or remove long rows: the model would learn not to end.";
    NoRoom "no-room" Rows 0.0
        "Rows whose prompt alone fills the limit, which training drops."
        "Raise --max-length, or shorten the prompts.";
    Duplicates "duplicates" Repetition 0.0
        "Rows whose texts are equal to those of an earlier row."
        "Remove them, unless the weight that they get is intended.";
    NearDuplicates "near-duplicates" Repetition 0.0
        "Rows that share at least 80% of the sequences of five characters with an earlier row, both in the prompt and in the answers."
        "Look at some; remove rows that were made from one template or copied with small changes.";
    Contradictions "contradictions" Repetition 0.0
        "Rows that an earlier row contradicts: the same prompt with the sides swapped, or the same answer with the other label."
        "Decide which is right, or remove both: their gradients cancel.";
    Leakage "leakage" Repetition 0.0
        "Training rows whose prompt is also one of the held-out rows; without a prompt, whose texts are."
        "Remove these rows from the training files, or their evaluation is too good.";
    NearLeakage "near-leakage" Repetition 0.0
        "Training rows whose prompt shares at least 80% of its sequences of five characters with a prompt of the held-out rows; without a prompt, whose texts do."
        "Look at some; remove those that ask the same.";
    LengthBias "length-bias" Prediction 0.65
        "How often length alone tells the chosen text."
        "A model can learn length instead of quality: balance lengths, or use a loss with length normalisation.";
    WordBias "word-bias" Prediction 0.75
        "How often the words of the texts alone tell the chosen one, by a linear model on rows that it was not trained on."
        "If a few words decide, such as those of a refusal, the model learns these words.";
    PositionBias "position-bias" Prediction 0.65
        "How often the position alone tells the chosen text."
        "Those who chose may have preferred a place. Show the sides in random order.";
    LabelNoise "label-noise" Prediction 0.05
        "Rows whose label a small model is sure is wrong: rows like it are labelled the other way in at least 4 of 5 cases."
        "Look at these rows first: they are hard cases or wrong labels. label_smoothing limits what wrong labels do.";
    ReplacementCharacters "replacement-characters" Encoding 0.0
        "Rows with U+FFFD, which stands for bytes that were lost."
        "Read the source again with its right encoding. A run stops at bytes that are not UTF-8.";
    Mojibake "mojibake" Encoding 0.0
        "Rows with UTF-8 that was read as Windows-1252 or Latin-1, such as an accented letter that became two characters."
        "Encode these texts as Windows-1252 and decode them as UTF-8, or read the source again.";
    ControlCharacters "control-characters" Encoding 0.0
        "Rows with control characters other than tabs and line breaks."
        "Remove the characters. Those from U+0080 to U+009F are mostly Windows-1252 that was read as Latin-1: encode the text as Latin-1 and decode it as Windows-1252.";
    Surrogates "surrogates" Encoding 0.0
        "Rows with halves of UTF-16 pairs: an escape such as \\ud83d without its partner, or as text."
        "Write the file again with a JSON library; decode texts that were escaped twice. A run stops at an escape without its partner.";
    HtmlEntities "html-entities" Encoding 0.0
        "Rows with HTML entities such as &amp;."
        "Unescape them once, except in answers about HTML.";
    MixedLanguages "mixed-languages" Language 0.0
        "Rows whose sides are in different languages."
        "Check that the choice is not only one of language.";
    OtherLanguage "other-language" Language 0.0
        "Rows whose answer is in another language than most rows."
        "Remove them if the model is to speak one language.";
    UnknownRoles "unknown-roles" Template 0.0
        "Conversations with a role that chat templates do not know."
        "Rename the roles to system, user, assistant and tool.";
    RepeatedRoles "repeated-roles" Template 0.0
        "Conversations with two turns in a row by the same speaker."
        "Join the turns: most chat templates refuse them or merge them silently.";
    AnswerRoles "answer-roles" Template 0.0
        "Conversations whose answer does not begin and end with the assistant."
        "Move the user's messages to the prompt; cut what follows the answer.";
    Refused "refused" Template 0.0
        "Conversations that the model's chat template refuses."
        "See the template's message in the log of a run; mend the order of the roles.";
    EmptySystem "empty-system" Template 0.0
        "Conversations with an empty system message."
        "Remove the message: many templates put their default message in its place otherwise, or print an empty one.";
    DoubledBos "doubled-bos" Template 0.0
        "Rows that begin with the token of a beginning (BOS), which the tokeniser adds again; without a tokeniser, with a usual one."
        "Remove it from the text.";
    SpecialTokens "special-tokens" Template 0.0
        "Rows with special tokens of a chat template inside a text."
        "Remove them, or if the texts are already rendered, keep them as they are and use no chat template.";
    PromptInCompletion "prompt-in-completion" Template 0.0
        "Rows whose answer repeats the prompt."
        "If all answers begin with it, --strip-prompt removes it; otherwise remove it from the file.";
    ScoreOrder "score-order" Scores 0.0
        "Pairs whose chosen text has a lower score than the rejected one."
        "Swap the sides, or check which column is which.";
    ScoreTies "score-ties" Scores 0.0
        "Pairs whose two texts have the same score."
        "Remove them: the choice between them says nothing.";
    ReferenceMargins "reference-margins" Scores 0.9
        "How often the reference model already gives the chosen text a higher log-probability."
        "Near 1 there is little to learn: take harder pairs. Well below 0.5, the rejected texts may be the model's own.";
}

impl Check {
    /// Whether the result is a share of right predictions, for which 0.5 is chance, instead of a number of rows.
    #[must_use]
    pub fn is_prediction(self) -> bool {
        matches!(self, Self::LengthBias | Self::WordBias | Self::PositionBias | Self::ReferenceMargins)
    }

    /// The bit of the check in a set.
    pub(crate) fn bit(self) -> u64 {
        1 << (self as u32)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A set of checks that found something in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults(u64);

impl Faults {
    /// Adds a check if it found something.
    pub fn set(&mut self, check: Check, found: bool) {
        self.0 |= if found { check.bit() } else { 0 };
    }

    /// Adds all checks of another set.
    pub fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether a check found something.
    #[must_use]
    pub fn has(self, check: Check) -> bool {
        self.0 & check.bit() != 0
    }

    /// The checks that found something.
    pub fn checks(self) -> impl Iterator<Item = Check> {
        Check::ALL.iter().copied().filter(move |check| self.has(*check))
    }
}
