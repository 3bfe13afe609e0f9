//! Uploads a trained model and its model card to the Hugging Face hub.
//!
//! ```sh
//! HF_TOKEN=hf_... align push-to-hub --model runs/first/model --hub-model-id user/name
//! ```

use crate::shell_words::this_command;
use crate::{Failure, output, signals};
use align_models::ModelResolver;
use align_models::hub::{RepoName, TransferProgress};
use align_train::run::Upload;
use clap::Args;
use std::path::PathBuf;

/// Uploads a trained model to the Hugging Face hub.
#[derive(Args)]
pub struct Options {
    /// Folder of the model. All of its files are uploaded in one commit.
    #[arg(long)]
    model: PathBuf,
    /// Hub repository to upload to (user/name). It is created if it does not exist.
    #[arg(long)]
    hub_model_id: RepoName,
    /// If the hub repository does not exist yet, create it as private.
    #[arg(long)]
    hub_private_repo: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    ModelResolver::refuse_run_folder(&options.model)?;
    let upload = Upload::new(options.hub_model_id.clone(), options.hub_private_repo)?;
    signals::set_message(format!("stopped during the upload; upload again with\n  {}", this_command()));
    let mut progress = TransferProgress::default();
    let url = upload.push(&options.model, |event| progress.on(event))?;
    drop(progress);
    output::note!("uploaded: {url}");
    Ok(())
}
