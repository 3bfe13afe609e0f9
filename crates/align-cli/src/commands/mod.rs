//! The subcommands, one file each: its options and what it does.

mod classify;
mod convert;
mod cpo;
mod dpo;
mod evaluate;
mod frontier;
mod generate;
mod kto;
mod logps;
mod merge_adapter;
mod notebook;
mod pair;
mod push_to_hub;
mod sft;
mod train_classifier;

use crate::Failure;

/// What the program can do.
#[derive(clap::Subcommand)]
pub enum Command {
    Dpo(dpo::Options),
    Cpo(cpo::Options),
    Kto(kto::Options),
    Sft(sft::Options),
    TrainClassifier(train_classifier::Options),
    Generate(generate::Options),
    Classify(classify::Options),
    Pair(pair::Options),
    Logps(logps::Options),
    Evaluate(evaluate::Options),
    Frontier(frontier::Options),
    Notebook(notebook::Options),
    Convert(convert::Options),
    MergeAdapter(merge_adapter::Options),
    PushToHub(push_to_hub::Options),
}

impl Command {
    /// Does it.
    pub fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Dpo(options) => dpo::run(options),
            Self::Cpo(options) => cpo::run(options),
            Self::Kto(options) => kto::run(options),
            Self::Sft(options) => sft::run(options),
            Self::TrainClassifier(options) => train_classifier::run(options),
            Self::Generate(options) => generate::run(options),
            Self::Classify(options) => classify::run(options),
            Self::Pair(options) => pair::run(options),
            Self::Logps(options) => logps::run(options),
            Self::Evaluate(options) => evaluate::run(options),
            Self::Frontier(options) => frontier::run(options),
            Self::Notebook(options) => notebook::run(options),
            Self::Convert(options) => convert::run(options),
            Self::MergeAdapter(options) => merge_adapter::run(options),
            Self::PushToHub(options) => push_to_hub::run(options),
        }
    }
}
