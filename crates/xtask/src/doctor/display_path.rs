use std::env;
use std::path::Path;

/// A path for messages, with the home folder as `~`.
pub(super) fn display_path(path: &Path) -> String {
    match env::home_dir().and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
