//! Reads the chat templates of a tokeniser's folder.

use super::file::read_if_exists;
use super::settings::Settings;
use crate::chat::ChatTemplate;
use crate::{Error, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The file of the default template.
pub(super) const FILE: &str = "chat_template.jinja";
/// The folder of further templates, one `NAME.jinja` each.
pub(super) const FOLDER: &str = "additional_chat_templates";
pub(super) const DEFAULT: &str = "default";
/// Most templates of a folder. Known models have up to four.
const MAX_TEMPLATES: usize = 64;

/// A template, compiled when it is first used.
#[derive(Debug)]
pub(super) struct NamedTemplate {
    pub name: String,
    pub source: String,
    pub path: PathBuf,
    pub compiled: OnceLock<ChatTemplate>,
}

impl NamedTemplate {
    pub fn new(name: &str, source: String, path: PathBuf) -> Self {
        Self { name: name.to_owned(), source, path, compiled: OnceLock::new() }
    }

    /// The file in which transformers 5 writes the template, relative to the folder.
    pub fn file(&self) -> PathBuf {
        if self.name == DEFAULT { FILE.into() } else { Path::new(FOLDER).join(format!("{}.jinja", self.name)) }
    }
}

/// Reads the templates of a folder: `chat_template.jinja` and `additional_chat_templates/*.jinja`, or else the field
/// `chat_template` of `tokenizer_config.json`.
pub(super) fn read(settings: &Settings) -> Result<Vec<NamedTemplate>> {
    let mut templates = if settings.gguf { Vec::new() } else { read_files(&settings.dir)? };
    if templates.is_empty() {
        templates = read_config(settings)?;
    }
    for template in &templates {
        if template.name.is_empty() || template.name.starts_with('.') || template.name.contains(['/', '\\', '\0']) {
            return Err(settings.config_error(format!(
                "chat_template: expected names that can be names of files, found {:?}",
                template.name
            )));
        }
    }
    Ok(templates)
}

/// The files of templates in a folder.
pub(super) fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    Ok(named_files(dir)?.into_iter().map(|(_, path)| path).collect())
}

/// The names of templates, each with its file, of which the first may not exist.
fn named_files(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut paths = vec![(DEFAULT.to_owned(), dir.join(FILE))];
    let folder = dir.join(FOLDER);
    if folder.is_dir() {
        let mut further = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|e| Error::read(&folder, e))? {
            let path = entry.map_err(|e| Error::read(&folder, e))?.path();
            if let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jinja")) {
                further.push((name.to_owned(), path.clone()));
            }
            if further.len() > MAX_TEMPLATES {
                let problem = format!("more than {MAX_TEMPLATES} chat templates, expected at most so many");
                return Err(Error::TokenizerFile { path: folder, problem });
            }
        }
        further.sort();
        paths.extend(further);
    }
    Ok(paths)
}

fn read_files(dir: &Path) -> Result<Vec<NamedTemplate>> {
    let mut templates = Vec::new();
    for (name, path) in named_files(dir)? {
        if let Some(bytes) = read_if_exists(&path)? {
            let source = String::from_utf8(bytes).map_err(|_| Error::ChatTemplate {
                path: path.clone(),
                line: None,
                problem: "it is not UTF-8 text".to_owned(),
            })?;
            templates.push(NamedTemplate::new(&name, source, path));
        }
    }
    Ok(templates)
}

/// The templates of `tokenizer_config.json`: a text, or a list of objects with name and template.
fn read_config(settings: &Settings) -> Result<Vec<NamedTemplate>> {
    let error = |problem: String| settings.config_error(format!("chat_template: {problem}"));
    let path = settings.config_path();
    let list = match settings.config.get("chat_template") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(source)) => return Ok(vec![NamedTemplate::new(DEFAULT, source.clone(), path)]),
        Some(Value::Array(list)) => list,
        Some(other) => {
            let kind = match other {
                Value::Object(_) => "an object".to_owned(),
                other => other.to_string(),
            };
            return Err(error(format!("expected a text, or a list of objects with name and template, found {kind}")));
        }
    };
    if list.len() > MAX_TEMPLATES {
        return Err(error(format!("expected at most {MAX_TEMPLATES} templates, found {}", list.len())));
    }
    let mut templates: Vec<NamedTemplate> = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        let field = |name: &str| entry.get(name).and_then(Value::as_str);
        let Some((name, source)) = field("name").zip(field("template")) else {
            return Err(error(format!("entry {}: expected an object with the texts name and template", index + 1)));
        };
        // Of several templates of a name, the last counts.
        templates.retain(|template| template.name != name);
        templates.push(NamedTemplate::new(name, source.to_owned(), path.clone()));
    }
    Ok(templates)
}
