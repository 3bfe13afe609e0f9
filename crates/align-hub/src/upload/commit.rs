use super::service::Service;
use super::{Addition, Commit, Way};
use crate::cache::is_commit;
use crate::{HubError, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fs;

/// What a commit may hold in itself; the hub sends larger files to large file storage.
const MOST_REGULAR_BYTES: u64 = 256 << 20;
const MOST_ANSWER_BYTES: u64 = 1 << 20;

/// A line of the request.
#[derive(Serialize)]
#[serde(tag = "key", content = "value", rename_all = "camelCase")]
enum Line<'a> {
    Header { summary: &'a str, description: &'a str },
    File { path: &'a str, content: String, encoding: &'static str },
    LfsFile { path: &'a str, algo: &'static str, oid: &'a str, size: u64 },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    commit_oid: String,
}

/// Makes one commit of all the files.
pub(super) fn make(service: &Service<'_>, additions: &[Addition], message: &str) -> Result<Commit> {
    let regular = additions.iter().filter(|addition| addition.way == Way::Regular);
    if regular.map(|addition| addition.file.size).fold(0, u64::saturating_add) > MOST_REGULAR_BYTES {
        let reason = format!("more than {MOST_REGULAR_BYTES} bytes would have to go into the commit itself");
        return Err(HubError::Upload { repo: service.repo.to_string(), reason });
    }
    let (summary, description) = message.split_once('\n').unwrap_or((message, ""));
    let mut body = Vec::new();
    let mut write = |line: &Line<'_>| -> Result<()> {
        body.extend(service.json(line)?);
        body.push(b'\n');
        Ok(())
    };
    write(&Line::Header { summary, description: description.trim() })?;
    for Addition { file, way, oid } in additions {
        match way {
            Way::Regular => {
                let content = fs::read(&file.path).map_err(HubError::unreadable(&file.path))?;
                write(&Line::File { path: &file.name, content: STANDARD.encode(content), encoding: "base64" })?;
            }
            Way::Lfs => write(&Line::LfsFile { path: &file.name, algo: "sha256", oid, size: file.size })?,
        }
    }
    let url = service.revision_url("commit")?;
    let made: Made =
        service.post_bytes(url.clone(), "application/x-ndjson", &body, |answer| answer.json(MOST_ANSWER_BYTES))?;
    if !is_commit(&made.commit_oid) {
        let reason = "it gives no commit of 40 hexadecimal digits".to_owned();
        return Err(HubError::Malformed { url: url.shown(), reason });
    }
    service.commit(made.commit_oid)
}
