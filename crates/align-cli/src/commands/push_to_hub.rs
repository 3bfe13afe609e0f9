//! Uploads a trained model to the Hugging Face hub, with its card.
//!
//! ```sh
//! HF_TOKEN=hf_... align push-to-hub --model runs/first/model --hub-model-id user/name
//! ```

use crate::{Failure, output};
use align_models::hub::{DownloadBar, RepoName};
use align_train::run::Upload;
use clap::Args;
use std::path::PathBuf;

/// Uploads a trained model to the Hugging Face hub.
#[derive(Args)]
pub struct Options {
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

pub fn run(options: &Options) -> Result<(), Failure> {
    let upload = Upload::new(options.hub_model_id.clone(), options.hub_private_repo)?;
    let mut bar = DownloadBar::default();
    let url = upload.push(&options.model, |event| bar.on(event))?;
    output::println!("uploaded: {url}");
    Ok(())
}
