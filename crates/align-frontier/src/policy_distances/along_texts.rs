use crate::Result;
use crate::error::option_error;
use align_inference::PromptCompletion;
use align_metrics::{Clusters, LinearPredictivity};

/// An input text, along which the models are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenisedText {
    /// The tokens before those along which distributions are compared, at least one: a prompt, or the first token.
    pub prompt_ids: Vec<i64>,
    /// The tokens along which next-token distributions are compared, at least one.
    pub completion_ids: Vec<i64>,
    /// The group of the text, such as its prompt. Texts of a group are not independent: they are resampled together.
    pub group: usize,
}

impl TokenisedText {
    pub(super) fn len(&self) -> usize {
        self.prompt_ids.len() + self.completion_ids.len()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = i64> {
        self.prompt_ids.iter().chain(&self.completion_ids).copied()
    }

    pub(super) fn row(&self) -> PromptCompletion<'_> {
        PromptCompletion { prompt_ids: &self.prompt_ids, completion_ids: &self.completion_ids }
    }
}

/// Comparisons along given texts.
#[derive(Debug, Clone, Copy)]
pub struct AlongTexts<'a> {
    /// The texts, of at least two groups.
    pub texts: &'a [TokenisedText],
    /// Whether and how hidden states are compared.
    pub hidden: Option<HiddenStateOptions>,
    /// Whether next-token distributions are compared.
    pub divergence: bool,
}

/// How hidden states are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HiddenStateOptions {
    /// Maximum number of tokens whose states are compared, at least 8. If the texts have more, they are drawn with the seed. The first
    /// token of a text is left out: its state depends on no other.
    pub max_tokens: usize,
    /// How states are predicted from those of another model. The number of folds is lowered to the number of groups.
    pub predictivity: LinearPredictivity,
}

impl AlongTexts<'_> {
    pub(super) fn groups(&self) -> Clusters {
        Clusters::by(&self.texts.iter().map(|text| text.group).collect::<Vec<_>>())
    }

    pub(super) fn check(&self) -> Result<()> {
        let groups = self.groups().count();
        if groups < 2 {
            let problem = format!("are {groups}, expected at least 2 of different prompts, for intervals");
            return Err(option_error("texts", problem));
        }
        match self.hidden {
            Some(HiddenStateOptions { max_tokens, .. }) if max_tokens < 8 => {
                Err(option_error("max_tokens", format!("is {max_tokens}, expected at least 8")))
            }
            _ => Ok(()),
        }
    }
}
