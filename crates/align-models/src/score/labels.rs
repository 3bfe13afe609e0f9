use crate::{Error, Result};
use serde_json::Value;

/// The `problem_type` in transformers, which determines how outputs are converted to probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemType {
    /// The outputs are not logits.
    Regression,
    /// Exactly one label applies: softmax.
    SingleLabelClassification,
    /// Each label applies or not independently: sigmoid.
    MultiLabelClassification,
}

impl ProblemType {
    /// The `problem_type` of a config.
    ///
    /// # Errors
    /// A value that transformers does not have.
    pub(crate) fn of_config(field: Option<&Value>) -> Result<Option<Self>> {
        let Some(named) = field.filter(|named| !named.is_null()) else { return Ok(None) };
        match named.as_str() {
            Some("regression") => Ok(Some(Self::Regression)),
            Some("single_label_classification") => Ok(Some(Self::SingleLabelClassification)),
            Some("multi_label_classification") => Ok(Some(Self::MultiLabelClassification)),
            _ => Err(Error::Score(format!(
                "the config's problem_type is {named}, expected regression, single_label_classification or \
                 multi_label_classification"
            ))),
        }
    }
}

/// The labels of a model's outputs, in order, and the problem type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    names: Vec<String>,
    problem_type: Option<ProblemType>,
}

impl Labels {
    /// Creates labels. Without a problem type a single output uses sigmoid and several use softmax, as in the pipelines of transformers.
    ///
    /// # Errors
    /// There are no labels.
    pub fn new(names: Vec<String>, problem_type: Option<ProblemType>) -> Result<Self> {
        if names.is_empty() {
            return Err(Error::Score("the model has no outputs".into()));
        }
        Ok(Self { names, problem_type })
    }

    /// The names of the labels.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The problem type in the config.
    #[must_use]
    pub fn problem_type(&self) -> Option<ProblemType> {
        self.problem_type
    }

    /// Whether each output has an independent probability, by sigmoid.
    pub(super) fn are_independent(&self) -> bool {
        self.names.len() == 1 || self.problem_type == Some(ProblemType::MultiLabelClassification)
    }

    /// The index of a label given by its name, or by its index if no label has that name.
    ///
    /// # Errors
    /// No output or several outputs have this label; the message lists the labels.
    pub fn find(&self, label: &str) -> Result<usize> {
        let mut places = self.names.iter().enumerate().filter(|(_, name)| *name == label).map(|(index, _)| index);
        match (places.next(), places.next()) {
            (Some(index), None) => Ok(index),
            (Some(_), Some(_)) => {
                Err(Error::Score(format!("several labels are called {label:?}; name one by its number: {self}")))
            }
            (None, _) => {
                let number = label.parse().ok().filter(|index| *index < self.names.len());
                number.ok_or_else(|| Error::Score(format!("the model has no label {label:?}; its labels are {self}")))
            }
        }
    }

    /// A string by which [`Labels::find`] finds the label: its name, or its index if the name is not unique.
    pub(super) fn name_or_index(&self, index: usize) -> String {
        match self.names.get(index) {
            Some(name) if self.find(name).is_ok() => name.clone(),
            _ => index.to_string(),
        }
    }
}

/// Maximum number of labels in a message.
const LISTED: usize = 20;

impl std::fmt::Display for Labels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, name) in self.names.iter().take(LISTED).enumerate() {
            let before = if index == 0 { "" } else { ", " };
            write!(f, "{before}{name:?} ({index})")?;
        }
        match self.names.len().checked_sub(LISTED) {
            Some(more @ 1..) => write!(f, " and {more} more"),
            _ => Ok(()),
        }
    }
}
