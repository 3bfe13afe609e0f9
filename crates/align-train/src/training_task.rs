/// The task of a training run, for the tags and the text of the model card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainingTask {
    /// A language model aligned with preferences.
    PreferenceOptimisation,
    /// A language model fine-tuned on texts.
    LanguageModelling,
    /// A text classifier.
    Classification,
    /// A reward model.
    RewardModelling,
}

impl TrainingTask {
    /// The hub's pipeline tag, and a tag for the task.
    pub(crate) fn hub_tags(self) -> (&'static str, &'static str) {
        match self {
            Self::PreferenceOptimisation => ("text-generation", "preference-optimisation"),
            Self::LanguageModelling => ("text-generation", "language-modelling"),
            Self::Classification => ("text-classification", "text-classification"),
            Self::RewardModelling => ("text-classification", "reward-model"),
        }
    }

    /// The suffix of the model card's title, and the beginning of its first sentence.
    pub(crate) fn card_wording(self) -> (&'static str, &'static str) {
        match self {
            Self::PreferenceOptimisation => ("aligned", "A language model trained on preferences with"),
            Self::LanguageModelling => ("trained on texts", "A language model trained on texts by"),
            Self::Classification => ("trained as a classifier", "A classifier of texts, trained by"),
            Self::RewardModelling => ("trained as a reward model", "A reward model, trained on preference pairs with"),
        }
    }
}
