use crate::{Failure, output};
use align_data::Tokenizer;
use align_models::hub::{DownloadBar, Hub, HubConfig, ModelSource, RepoName, UploadOptions};
use align_models::{CausalLm, Gpt2, LoraConfig, LoraModel};
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

/// The folder of a model, downloaded into the hub's cache where it is not there yet.
pub fn fetch(name: &str) -> Result<PathBuf, Failure> {
    let source = ModelSource::parse(name)?;
    if let ModelSource::Folder(folder) = source {
        return Ok(folder);
    }
    let mut bar = DownloadBar::default();
    Ok(source.fetch(&Hub::new(HubConfig::from_env()?)?, &mut |event| bar.on(event))?)
}

/// The folder of the base model, where `folder` holds an adapter alone.
fn base_of(folder: &Path) -> Result<Option<PathBuf>, Failure> {
    LoraConfig::base_of_adapter(folder)?.map(|base| fetch(&base)).transpose()
}

/// Where a model's options of generation are: the folder itself, or where it holds an adapter alone its base model's.
pub fn base_folder(folder: &Path) -> Result<PathBuf, Failure> {
    Ok(base_of(folder)?.unwrap_or_else(|| folder.to_owned()))
}

/// The GPT-2 in a folder; of an adapter alone its base model with the adapter merged into it.
pub fn gpt2(folder: &Path, kind: Kind, device: Device) -> Result<Box<dyn CausalLm>, Failure> {
    let Some(base) = base_of(folder)? else { return Ok(Box::new(Gpt2::from_pretrained(folder, kind, device)?)) };
    Ok(LoraModel::merged_from_pretrained(&base, folder, kind, device)?)
}

/// The tokeniser in a folder, compared with the model's embeddings; of an adapter alone that of its base model, where it has
/// none of its own.
pub fn tokenizer(folder: &Path, embeddings: i64) -> Result<Tokenizer, Failure> {
    let own = ["tokenizer.json", "vocab.json", "vocab.txt"].iter().any(|name| folder.join(name).exists());
    let folder = if own { folder.to_owned() } else { base_folder(folder)? };
    Ok(Tokenizer::from_pretrained(folder)?.for_embeddings(embeddings)?)
}

/// The folder that an option names, where it names none on the hub.
pub fn local(named: &str) -> Option<PathBuf> {
    match ModelSource::parse(named) {
        Ok(ModelSource::Folder(folder)) => Some(folder),
        _ => None,
    }
}

/// Whether an upload can be tried at all, before hours of work for it.
pub fn check_push() -> Result<(), Failure> {
    let config = HubConfig::from_env()?;
    if config.offline {
        return Err(
            "--push-to-hub needs a network, and HF_HUB_OFFLINE is set: unset it or leave --push-to-hub out".into()
        );
    }
    if config.token.is_none() {
        return Err("--push-to-hub needs a token that may write: set HF_TOKEN, or run `hf auth login`".into());
    }
    Ok(())
}

/// Uploads a model's folder, with its card, to the hub.
pub fn push(folder: &Path, repo: &RepoName, private: bool) -> Result<(), Failure> {
    let options = UploadOptions { private: private.then_some(true), ..UploadOptions::default() };
    let mut bar = DownloadBar::default();
    let hub = Hub::new(HubConfig::from_env()?)?;
    let commit = hub.upload_folder(repo, folder, &options, &mut |event| bar.on(event)).map_err(|problem| {
        let again = push_later(folder, repo);
        format!("{problem}\n  the model is whole in {}; {again} uploads it later", folder.display())
    })?;
    output::println!("uploaded: {}", commit.url);
    Ok(())
}

/// The command that uploads a folder.
pub fn push_later(folder: &Path, repo: &RepoName) -> String {
    format!("`align push-to-hub --model {} --hub-model-id {repo}`", folder.display())
}

/// What a card calls a model that an option names: its name on the hub, or its folder's, not where that is on this machine.
pub fn called(named: Option<&str>, embedded: &str) -> String {
    match named.map(|name| (name, ModelSource::parse(name))) {
        None => format!("align's embedded {}", file_name(Path::new(embedded))),
        Some((_, Ok(ModelSource::Folder(folder)))) => file_name(&folder),
        Some((name, _)) => name.to_owned(),
    }
}

/// The repository of a model that an option names, unless it is a folder.
pub fn hub_id(named: Option<&str>) -> Option<String> {
    match ModelSource::parse(named?) {
        Ok(ModelSource::Hub(model)) => Some(model.repo().to_string()),
        _ => None,
    }
}

/// A file's name without the folders of this machine, for a card that others read.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
