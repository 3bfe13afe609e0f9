//! The subcommands. Each file holds the options and the implementation of one.

mod audit;
mod chat;
mod classify;
mod compare;
mod completions;
mod convert;
mod cpo;
mod dpo;
mod evaluate;
mod frontier;
mod generate;
mod grpo;
mod judges;
mod kto;
mod logps;
mod losses;
mod man;
mod merge_adapter;
mod metrics;
mod notebook;
mod online_dpo;
mod pair;
mod push_to_hub;
mod reward;
mod rloo;
mod sft;
mod soup;
mod train_classifier;

use crate::Failure;
use crate::processes::{self, ProcessOptions};
use crate::run_options::RunOptions;
use std::path::Path;

/// The subcommands. The options are boxed because they differ much in size.
#[derive(clap::Subcommand)]
pub enum Command {
    Dpo(Box<dpo::Options>),
    Cpo(Box<cpo::Options>),
    OnlineDpo(Box<online_dpo::Options>),
    Grpo(Box<grpo::Options>),
    Rloo(Box<rloo::Options>),
    Kto(Box<kto::Options>),
    Sft(Box<sft::Options>),
    Reward(Box<reward::Options>),
    TrainClassifier(Box<train_classifier::Options>),
    Generate(Box<generate::Options>),
    Chat(Box<chat::Options>),
    Classify(Box<classify::Options>),
    Compare(Box<compare::Options>),
    Pair(Box<pair::Options>),
    Logps(Box<logps::Options>),
    Evaluate(Box<evaluate::Options>),
    Judges(Box<judges::Options>),
    Audit(Box<audit::Options>),
    Frontier(Box<frontier::Options>),
    Notebook(Box<notebook::Options>),
    Convert(Box<convert::Options>),
    MergeAdapter(Box<merge_adapter::Options>),
    Soup(Box<soup::Options>),
    PushToHub(Box<push_to_hub::Options>),
    Losses(Box<losses::Options>),
    Metrics(Box<metrics::Options>),
    Completions(Box<completions::Options>),
    Man(Box<man::Options>),
}

impl Command {
    /// The options on processes of a subcommand whose work several processes can share, and the folder of a training run.
    fn processes(&self) -> Option<(&ProcessOptions, Option<&Path>)> {
        match self {
            Self::Dpo(options) => Some(of_run(&options.run)),
            Self::Cpo(options) => Some(of_run(&options.run)),
            Self::Kto(options) => Some(of_run(&options.run)),
            Self::Sft(options) => Some(of_run(&options.run)),
            Self::Reward(options) => Some(of_run(&options.run)),
            Self::TrainClassifier(options) => Some(of_run(&options.run)),
            Self::Generate(options) => Some((&options.processes, None)),
            Self::Classify(options) => Some((&options.processes, None)),
            Self::Logps(options) => Some((&options.processes, None)),
            Self::Frontier(options) => Some((&options.processes, None)),
            _ => None,
        }
    }

    /// Runs the subcommand, in as many processes as its options say. `program` gives the program with its subcommands and their options.
    pub fn run(&self, program: fn() -> clap::Command) -> Result<(), Failure> {
        match self.processes() {
            None => processes::refuse_processes()?,
            Some((options, run)) if options.run_processes(run)? => return Ok(()),
            Some(_) => {}
        }
        match self {
            Self::Dpo(options) => dpo::run(options),
            Self::Cpo(options) => cpo::run(options),
            Self::OnlineDpo(options) => online_dpo::run(options),
            Self::Grpo(options) => grpo::run(options),
            Self::Rloo(options) => rloo::run(options),
            Self::Kto(options) => kto::run(options),
            Self::Sft(options) => sft::run(options),
            Self::Reward(options) => reward::run(options),
            Self::TrainClassifier(options) => train_classifier::run(options),
            Self::Generate(options) => generate::run(options),
            Self::Chat(options) => chat::run(options),
            Self::Classify(options) => classify::run(options),
            Self::Compare(options) => compare::run(options),
            Self::Pair(options) => pair::run(options),
            Self::Logps(options) => logps::run(options),
            Self::Evaluate(options) => evaluate::run(options),
            Self::Judges(options) => judges::run(options),
            Self::Audit(options) => audit::run(options),
            Self::Frontier(options) => frontier::run(options),
            Self::Notebook(options) => notebook::run(options),
            Self::Convert(options) => convert::run(options),
            Self::MergeAdapter(options) => merge_adapter::run(options),
            Self::Soup(options) => soup::run(options),
            Self::PushToHub(options) => push_to_hub::run(options),
            Self::Losses(options) => losses::run(options, &program()),
            Self::Metrics(options) => metrics::run(options),
            Self::Completions(options) => completions::run(options, program()),
            Self::Man(options) => man::run(options, program()),
        }
    }
}

/// The options on processes and the folder of a training run.
fn of_run(run: &RunOptions) -> (&ProcessOptions, Option<&Path>) {
    (&run.processes, Some(&run.output_dir))
}
