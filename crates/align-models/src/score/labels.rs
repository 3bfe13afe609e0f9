use crate::{Error, Result};

/// How a model's outputs become probabilities, under transformers' names of `problem_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemType {
    /// Numbers that are no logits of probabilities.
    Regression,
    /// One label of several is right: softmax.
    SingleLabelClassification,
    /// Each label is right or not by itself: sigmoid.
    MultiLabelClassification,
}

/// The names of a model's outputs, in their order, and what the outputs mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    names: Vec<String>,
    problem_type: Option<ProblemType>,
}

impl Labels {
    /// The labels of these names; without a problem type one output is a sigmoid's and several are a softmax's, as in
    /// transformers' pipelines.
    ///
    /// # Errors
    /// No labels.
    pub fn new(names: Vec<String>, problem_type: Option<ProblemType>) -> Result<Self> {
        if names.is_empty() {
            return Err(Error::Score("the model has no outputs".into()));
        }
        Ok(Self { names, problem_type })
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What the config says that the outputs mean.
    #[must_use]
    pub fn problem_type(&self) -> Option<ProblemType> {
        self.problem_type
    }

    /// Whether each output has a probability of its own, by sigmoid.
    pub(super) fn are_independent(&self) -> bool {
        self.names.len() == 1 || self.problem_type == Some(ProblemType::MultiLabelClassification)
    }

    /// The index of a label by its name, or by its number where no label has that name.
    ///
    /// # Errors
    /// A label that the model lacks or that several of its outputs have; the message lists the labels.
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

    /// What a label is called so that [`Labels::find`] finds it: its name, or its number where others have the name too.
    pub(super) fn name_or_index(&self, index: usize) -> String {
        match self.names.get(index) {
            Some(name) if self.find(name).is_ok() => name.clone(),
            _ => index.to_string(),
        }
    }
}

/// Most labels that a message lists.
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
