/// What training is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A language model that writes what people prefer.
    PreferenceOptimisation,
    /// A language model that writes like its texts.
    LanguageModelling,
    /// A classifier of texts.
    Classification,
}

impl Purpose {
    /// The hub's name of the task, and its tag of the purpose.
    pub(crate) fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::PreferenceOptimisation => ("text-generation", "preference-optimisation"),
            Self::LanguageModelling => ("text-generation", "language-modelling"),
            Self::Classification => ("text-classification", "text-classification"),
        }
    }

    /// What was done to the base model, and how the card begins.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::PreferenceOptimisation => ("aligned", "A language model trained on preferences with"),
            Self::LanguageModelling => ("trained on texts", "A language model trained on texts by"),
            Self::Classification => ("trained as a classifier", "A classifier of texts, trained by"),
        }
    }
}
