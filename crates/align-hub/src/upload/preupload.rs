use super::files::LocalFile;
use super::upload_client::UploadClient;
use super::{Addition, CHANGED, UploadMode};
use crate::checksum::Checksum;
use crate::etag::EtagKind;
use crate::{HubError, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

/// Most files per request.
const MAX_BATCH: usize = 256;
/// Number of initial bytes from which the hub detects whether a file is text.
const SAMPLE_BYTES: u64 = 512;

#[derive(Serialize)]
struct PreuploadRequest {
    files: Vec<FileInfo>,
}

#[derive(Serialize)]
struct FileInfo {
    path: String,
    sample: String,
    size: u64,
}

#[derive(Deserialize)]
struct PreuploadResponse {
    files: Vec<FileDecision>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileDecision {
    path: String,
    upload_mode: ServerMode,
    #[serde(default)]
    should_ignore: bool,
    /// The hash of the file in the repository.
    oid: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ServerMode {
    Regular,
    Lfs,
}

/// Asks the hub how to upload each file. Unchanged files are skipped.
pub(super) fn find_additions(client: &UploadClient<'_>, files: Vec<LocalFile>) -> Result<Vec<Addition>> {
    let mut decisions = HashMap::new();
    for batch in files.chunks(MAX_BATCH) {
        let request = PreuploadRequest { files: batch.iter().map(file_info).collect::<Result<_>>()? };
        let response: PreuploadResponse = client.post(client.revision_url("preupload")?, &request)?;
        decisions.extend(response.files.into_iter().map(|decision| (decision.path.clone(), decision)));
    }
    let mut additions = Vec::new();
    for file in files {
        let Some(decision) = decisions.remove(&file.name) else {
            let reason = format!("it gives no upload mode for {:?}", file.name);
            return Err(HubError::Malformed { url: client.revision_url("preupload")?.without_query(), reason });
        };
        if decision.should_ignore {
            tracing::info!("`{}` is skipped: the repository's .gitignore excludes it", file.name);
            continue;
        }
        // LFS does not accept empty files.
        let mode = if matches!(decision.upload_mode, ServerMode::Lfs) && file.size > 0 {
            UploadMode::Lfs
        } else {
            UploadMode::Regular
        };
        let oid = compute_oid(&file, mode)?;
        if decision.oid.as_deref() == Some(oid.as_str()) {
            tracing::debug!("`{}` has not changed", file.name);
            continue;
        }
        additions.push(Addition { file, mode, oid });
    }
    Ok(additions)
}

fn file_info(file: &LocalFile) -> Result<FileInfo> {
    let mut sample = Vec::new();
    let opened = File::open(&file.path).map_err(HubError::unreadable(&file.path))?;
    opened.take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(HubError::unreadable(&file.path))?;
    Ok(FileInfo { path: file.name.clone(), sample: STANDARD.encode(&sample), size: file.size })
}

fn compute_oid(file: &LocalFile, mode: UploadMode) -> Result<String> {
    let kind = match mode {
        UploadMode::Regular => EtagKind::GitSha1,
        UploadMode::Lfs => EtagKind::Sha256,
    };
    let mut checksum = Checksum::new(kind, file.size);
    let mut opened = File::open(&file.path).map_err(HubError::unreadable(&file.path))?;
    let read = checksum.update_from(&mut opened).map_err(HubError::unreadable(&file.path))?;
    match checksum.finish() {
        Some(oid) if read == file.size => Ok(oid),
        _ => Err(HubError::Folder { path: file.path.clone(), reason: CHANGED }),
    }
}
