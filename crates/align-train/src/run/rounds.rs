//! Training rows that the policy writes itself, in rounds.

use super::{Dataset, ModelSource, Run, RunObjective};
use crate::{Error, Objective, Observer, Result, Rows, RunConfig, SamplingStrategy};
use align_data::Tokenizer;
use std::fmt;
use std::path::{Path, PathBuf};

/// What [`Rounds`] are created from: the models and the folder of the run, which is open.
pub struct RoundContext<'a, O: RunObjective> {
    /// The policy before its first step. A checkpoint is loaded later.
    pub policy: &'a O::Model,
    /// The options of the run.
    pub config: &'a O::Config,
    /// The policy's tokeniser.
    pub tokenizer: &'a Tokenizer,
    /// The file of the rounds, [`RunFolder::ROUNDS`](crate::RunFolder::ROUNDS).
    pub path: &'a Path,
    /// The seed of the run.
    pub seed: u64,
    /// Whether the run is resumed.
    pub resumes: bool,
}

/// The observer that writes the rows before each round, with the source of the rows.
pub type RoundsObserver<O> = (Rows<<O as Objective>::Row>, Box<dyn Observer<O>>);

type Create<O> = Box<dyn FnOnce(&RoundContext<'_, O>) -> Result<RoundsObserver<O>>>;

/// Training rows that the policy writes itself: an observer adds those of a round before its first step
/// ([`Observer::before_step`]), and the trainer reads them from a [`RowSource`](crate::RowSource) that the observer fills.
pub struct Rounds<O: RunObjective> {
    create: Create<O>,
    /// The files that the prompts were read from, which the run must not write over.
    files: Vec<PathBuf>,
    name: String,
}

impl<O: RunObjective> Rounds<O> {
    /// Rounds that `create` returns when the models are loaded. `name` is that of the prompts, and `files` are those that they were read
    /// from.
    pub fn new(
        name: impl Into<String>,
        files: Vec<PathBuf>,
        create: impl FnOnce(&RoundContext<'_, O>) -> Result<RoundsObserver<O>> + 'static,
    ) -> Self {
        Self { create: Box::new(create), files, name: name.into() }
    }

    pub(super) fn create(self, context: &RoundContext<'_, O>) -> Result<RoundsObserver<O>> {
        (self.create)(context)
    }
}

impl<O: RunObjective> fmt::Debug for Rounds<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rounds").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<O: RunObjective> Run<O> {
    /// Creates a run that trains a model on rows that it writes itself, in rounds, in the order of the rounds. Otherwise like [`Run::new`].
    ///
    /// # Errors
    /// Options that are out of range or contradict each other.
    pub fn on_policy(
        model: impl Into<ModelSource<O::Model>>,
        rounds: Rounds<O>,
        mut config: O::Config,
    ) -> Result<Self> {
        let strategy = &mut config.training_mut().train_sampling_strategy;
        if *strategy == SamplingStrategy::GroupByLength {
            let reason =
                "cannot be used with rows that are written in rounds, which have their own order: leave it out";
            return Err(Error::Config { option: "train_sampling_strategy", reason: reason.into() });
        }
        *strategy = SamplingStrategy::Sequential;
        let training = config.training_mut();
        for (option, given) in
            [("max_steps", training.max_steps.is_some()), ("num_train_epochs", training.num_train_epochs.is_some())]
        {
            if given {
                let reason =
                    "would be ignored: the number of rounds and their steps set the length of the run. Leave it out";
                return Err(Error::Config { option, reason: reason.into() });
            }
        }
        training.num_train_epochs = Some(1.0);
        let data = Dataset::from_files(Vec::new(), &rounds.files).with_name(rounds.name.clone());
        Ok(Self { rounds: Some(rounds), ..Self::new(model, data, config)? })
    }

    /// Checks that nothing contradicts rows that are written in rounds.
    pub(super) fn check_rounds(&self) -> Result<()> {
        let several = self.group.as_ref().is_some_and(|group| !group.is_single());
        if self.rounds.is_some() && several {
            let reason = "cannot be used with rows that are written in rounds: use one process".into();
            return Err(Error::Config { option: "process_group", reason });
        }
        Ok(())
    }
}
