use super::upload_client::UploadClient;
use super::{Addition, Commit, UploadMode};
use crate::cache::is_commit;
use crate::{HubError, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fs;

/// Maximum total size of the files within a commit request. Larger files are uploaded through LFS.
const MAX_REGULAR_BYTES: u64 = 256 << 20;
const MAX_RESPONSE_BYTES: u64 = 1 << 20;

/// A line of the request body.
#[derive(Serialize)]
#[serde(tag = "key", content = "value", rename_all = "camelCase")]
enum Line<'a> {
    Header { summary: &'a str, description: &'a str },
    File { path: &'a str, content: String, encoding: &'static str },
    LfsFile { path: &'a str, algo: &'static str, oid: &'a str, size: u64 },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitResponse {
    commit_oid: String,
}

/// Creates one commit with all files.
pub(super) fn create_commit(client: &UploadClient<'_>, additions: &[Addition], message: &str) -> Result<Commit> {
    let regular = additions.iter().filter(|addition| addition.mode == UploadMode::Regular);
    if regular.map(|addition| addition.file.size).fold(0, u64::saturating_add) > MAX_REGULAR_BYTES {
        let reason = format!("the files to be committed without LFS have more than {MAX_REGULAR_BYTES} bytes");
        return Err(HubError::Upload { repo: client.repo.to_string(), reason });
    }
    let (summary, description) = message.split_once('\n').unwrap_or((message, ""));
    let mut body = Vec::new();
    let mut write = |line: &Line<'_>| -> Result<()> {
        body.extend(client.json(line)?);
        body.push(b'\n');
        Ok(())
    };
    write(&Line::Header { summary, description: description.trim() })?;
    for Addition { file, mode, oid } in additions {
        match mode {
            UploadMode::Regular => {
                let content = fs::read(&file.path).map_err(HubError::unreadable(&file.path))?;
                write(&Line::File { path: &file.name, content: STANDARD.encode(content), encoding: "base64" })?;
            }
            UploadMode::Lfs => write(&Line::LfsFile { path: &file.name, algo: "sha256", oid, size: file.size })?,
        }
    }
    let url = client.revision_url("commit")?;
    let response: CommitResponse =
        client.post_bytes(url.clone(), "application/x-ndjson", &body, |response| response.json(MAX_RESPONSE_BYTES))?;
    if !is_commit(&response.commit_oid) {
        let reason = "it contains no commit hash of 40 hexadecimal digits".to_owned();
        return Err(HubError::Malformed { url: url.without_query(), reason });
    }
    client.commit(response.commit_oid)
}
