use crate::Failure;
use align_data::Tokenizer;
use align_models::hub::{RepoName, TransferProgress};
use align_models::{AutoModelForCausalLm, AutoModelForSequenceClassification, CausalLm, ModelResolver};
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// Folder, relative to the repository's root, of the GPT-2 that is used if no model is given.
pub const BUNDLED_POLICY: &str = "models/gpt2-imdb-4m";
/// Folder, relative to the repository's root, of the sentiment classifier that is used if no reward model is given.
pub const BUNDLED_REWARD_MODEL: &str = "models/distilbert-imdb-1m";

/// The folder of the model given by `option` (a folder or a hub name), or of the bundled model if the option is not given.
pub fn folder(option: &str, name: Option<&str>, bundled: &str) -> Result<PathBuf, Failure> {
    match name {
        Some(name) => fetch(name),
        None => bundled_folder(bundled).ok_or_else(|| {
            format!("no model is given, and the bundled model {bundled} is no longer in the repository that this program was built in: give {option}").into()
        }),
    }
}

/// The folder of a bundled model, if the repository that this program was built in still exists.
pub fn bundled_folder(bundled: &str) -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    Some(repository.join(bundled)).filter(|folder| folder.is_dir())
}

/// Resolves model names and shows the progress of downloads.
pub fn resolver() -> ModelResolver {
    let mut progress = TransferProgress::default();
    ModelResolver::with_progress(move |event| progress.on(event)).with_bundled(|name| {
        [BUNDLED_POLICY, BUNDLED_REWARD_MODEL]
            .into_iter()
            .find(|model| file_name(Path::new(model)) == name)
            .and_then(bundled_folder)
    })
}

/// The folder of a model. A hub model is downloaded into the cache if necessary.
pub fn fetch(name: &str) -> Result<PathBuf, Failure> {
    Ok(resolver().folder(name)?)
}

/// The folder with a model's generation options: the folder itself, or its base model's folder if it holds only an adapter.
pub fn base_folder(folder: &Path) -> Result<PathBuf, Failure> {
    Ok(resolver().base_of_adapter(folder)?.unwrap_or_else(|| folder.to_owned()))
}

/// The causal language model in a folder. If the folder holds only an adapter, it is merged into its base model.
pub fn causal_lm(folder: &Path, kind: Kind, device: Device) -> Result<Box<dyn CausalLm>, Failure> {
    Ok(AutoModelForCausalLm::from_pretrained_with(folder, &mut resolver(), kind, device)?)
}

/// Refuses a classifier or reward model where a language model is needed. As one it would lose its head.
pub fn refuse_classifier(name: &str, folder: &Path) -> Result<(), Failure> {
    match AutoModelForSequenceClassification::labels_with(folder, &mut resolver()) {
        Ok(_) => {
            let name = align_base::printable(name);
            Err(format!("{name} is a classifier or reward model, but a language model is needed").into())
        }
        Err(_) => Ok(()),
    }
}

/// The tokeniser in a folder, checked against the number of the model's embeddings. An adapter's folder without a tokeniser uses
/// that of the base model.
pub fn tokenizer(folder: &Path, embeddings: i64) -> Result<Tokenizer, Failure> {
    Ok(Tokenizer::from_pretrained(resolver().tokenizer_folder(folder)?)?.for_embeddings(embeddings)?)
}

/// The name of a bundled model, which [`resolver`] finds.
pub fn bundled_name(bundled: &str) -> String {
    format!("{}{}", ModelResolver::BUNDLED, file_name(Path::new(bundled)))
}

/// The command that uploads a folder, for messages.
pub fn upload_command(folder: &Path, repo: &RepoName) -> String {
    format!("`align push-to-hub --model {} --hub-model-id {repo}`", folder.display())
}

/// A model's name for model cards and reports: its hub name, or the name of its folder without the path on this machine.
pub fn display_name(name: Option<&str>, bundled: &str) -> String {
    name.map_or_else(|| format!("align's bundled {}", file_name(Path::new(bundled))), ModelResolver::display_name)
}

/// A file's name without the path on this machine, for model cards and reports.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
