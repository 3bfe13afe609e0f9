//! Uploads a trained model to the Hugging Face hub, with its card.
//!
//! ```sh
//! HF_TOKEN=hf_... cargo run --release --example push_to_hub -- --model runs/first/model --hub-model-id user/name
//! ```

mod common;

use align_models::hub::RepoName;
use clap::Parser;
use common::models;
use std::path::PathBuf;
use std::process::ExitCode;

/// Uploads a trained model to the Hugging Face hub.
#[derive(Parser)]
struct Options {
    /// The model's folder: what stands in it becomes one commit.
    #[arg(long)]
    model: PathBuf,
    /// The repository that gets the commit: user/name. It is made if it does not exist.
    #[arg(long)]
    hub_model_id: RepoName,
    /// Make the repository a private one, if it is new.
    #[arg(long)]
    hub_private_repo: bool,
}

fn main() -> ExitCode {
    common::run(|| {
        let options: Options = common::options::parse()?;
        models::push(&options.model, &options.hub_model_id, options.hub_private_repo)
    })
}
