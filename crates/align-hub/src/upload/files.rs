use crate::{HubError, Result, file_name};
use std::fs;
use std::path::{Path, PathBuf};

/// A local file to upload.
#[derive(Debug, Clone)]
pub(super) struct LocalFile {
    /// Its name in the repository, separated by slashes.
    pub name: String,
    pub path: PathBuf,
    pub size: u64,
}

/// Lists the regular files of a folder recursively, sorted by name. Names that begin with a dot are skipped.
pub(super) fn list_files(folder: &Path) -> Result<Vec<LocalFile>> {
    if !folder.is_dir() {
        return Err(HubError::NoSuchFolder { path: folder.to_owned() });
    }
    let root = folder.canonicalize().map_err(HubError::unreadable(folder))?;
    let mut files = Vec::new();
    collect(&root, &root, "", &mut files)?;
    if files.is_empty() {
        let reason = "has no files to upload (files whose names begin with a dot are skipped)";
        return Err(HubError::Folder { path: folder.to_owned(), reason });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn collect(root: &Path, folder: &Path, prefix: &str, files: &mut Vec<LocalFile>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(HubError::unreadable(folder))? {
        let path = entry.map_err(HubError::unreadable(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).filter(|name| file_name::is_plain_name(name));
        let Some(name) = name else {
            let reason =
                "has a name that the hub does not accept: not UTF-8, or with a backslash or a control character";
            return Err(HubError::Folder { path, reason });
        };
        if name.starts_with('.') {
            tracing::debug!("{}: not uploaded, its name begins with a dot", path.display());
            continue;
        }
        let name = format!("{prefix}{name}");
        let kind = fs::symlink_metadata(&path).map_err(HubError::unreadable(&path))?;
        if kind.is_dir() {
            collect(root, &path, &format!("{name}/"), files)?;
            continue;
        }
        let real = path.canonicalize().map_err(HubError::unreadable(&path))?;
        let metadata = fs::metadata(&real).map_err(HubError::unreadable(&path))?;
        // Silently skipping them would upload an incomplete model.
        if kind.is_symlink() && (!real.starts_with(root) || metadata.is_dir()) {
            let reason = "is a link to a folder or to a file outside the folder, which cannot be uploaded: replace it with a copy";
            return Err(HubError::Folder { path, reason });
        }
        if !metadata.is_file() {
            return Err(HubError::Folder { path, reason: "is neither a file nor a folder, so it cannot be uploaded" });
        }
        files.push(LocalFile { name, path: real, size: metadata.len() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn hidden_files_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("sub")).unwrap();
        fs::create_dir_all(at(".git")).unwrap();
        for name in ["b.bin", "a.json", ".hidden", "sub/c.txt", ".git/config"] {
            fs::write(at(name), name).unwrap();
        }
        symlink("a.json", at("link.json")).unwrap();
        let files = list_files(folder.path()).unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.json", "b.bin", "link.json", "sub/c.txt"]);
    }

    #[test]
    fn files_that_cannot_be_uploaded_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let error_message = || list_files(folder.path()).unwrap_err().to_string();
        assert!(error_message().contains("has no files to upload"), "{}", error_message());
        assert!(list_files(&folder.path().join("none")).unwrap_err().to_string().contains("no such folder"));
        symlink("/etc/hostname", folder.path().join("out")).unwrap();
        assert!(error_message().contains("outside the folder"), "{}", error_message());
        fs::remove_file(folder.path().join("out")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        assert!(error_message().contains("neither a file nor a folder"), "{}", error_message());
    }
}
