use crate::Failure;
use align_data::Tokenizer;
use align_models::hub::{DownloadBar, RepoName};
use align_models::{AutoModelForCausalLm, CausalLm, ModelResolver};
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// Folder of the GPT-2 that stands in where no model is given, from the repository's root.
pub const POLICY: &str = "models/gpt2-imdb-4m";
/// Folder of the sentiment classifier that stands in where no reward model is given, from the repository's root.
pub const REWARD_MODEL: &str = "models/distilbert-imdb-1m";

/// The folder of the model that `option` names, a folder or a name on the hub; that of the embedded one if none is named.
pub fn folder(option: &str, named: Option<&str>, embedded: &str) -> Result<PathBuf, Failure> {
    match named {
        Some(name) => fetch(name),
        None => embedded_folder(embedded).ok_or_else(|| {
            format!("no model is named, and {embedded} of the repository that this program was built in is gone: give {option}").into()
        }),
    }
}

/// The folder of an embedded model: in the repository that this program was built in, where that is still there.
pub fn embedded_folder(embedded: &str) -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    Some(repository.join(embedded)).filter(|folder| folder.is_dir())
}

/// Finds models by their names, and shows their downloads.
pub fn resolver() -> ModelResolver {
    let mut bar = DownloadBar::default();
    ModelResolver::with_progress(move |event| bar.on(event))
}

/// The folder of a model, downloaded into the hub's cache where it is not there yet.
pub fn fetch(name: &str) -> Result<PathBuf, Failure> {
    Ok(resolver().folder(name)?)
}

/// Where a model's options of generation are: the folder itself, or where it holds an adapter alone its base model's.
pub fn base_folder(folder: &Path) -> Result<PathBuf, Failure> {
    Ok(resolver().base_of_adapter(folder)?.unwrap_or_else(|| folder.to_owned()))
}

/// The causal model in a folder; of an adapter alone its base model with the adapter merged into it.
pub fn causal_lm(folder: &Path, kind: Kind, device: Device) -> Result<Box<dyn CausalLm>, Failure> {
    Ok(AutoModelForCausalLm::from_pretrained_with(folder, &mut resolver(), kind, device)?)
}

/// The tokeniser in a folder, compared with the model's embeddings; of an adapter alone that of its base model, where it has
/// none of its own.
pub fn tokenizer(folder: &Path, embeddings: i64) -> Result<Tokenizer, Failure> {
    Ok(Tokenizer::from_pretrained(resolver().tokenizer_folder(folder)?)?.for_embeddings(embeddings)?)
}

/// The command that uploads a folder.
pub fn push_later(folder: &Path, repo: &RepoName) -> String {
    format!("`align push-to-hub --model {} --hub-model-id {repo}`", folder.display())
}

/// What a card calls a model that an option names: its name on the hub, or its folder's, not where that is on this machine.
pub fn called(named: Option<&str>, embedded: &str) -> String {
    named.map_or_else(|| format!("align's embedded {}", file_name(Path::new(embedded))), ModelResolver::display_name)
}

/// A file's name without the folders of this machine, for a card that others read.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
