use super::files::LocalFile;
use super::service::Service;
use super::{Addition, CHANGED, Way};
use crate::etag::EtagKind;
use crate::verify::Checksum;
use crate::{HubError, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

/// Files that the hub takes in one question.
const BATCH: usize = 256;
/// The beginning of a file from which the hub tells whether it is text.
const SAMPLE_BYTES: u64 = 512;

#[derive(Serialize)]
struct Question {
    files: Vec<Asked>,
}

#[derive(Serialize)]
struct Asked {
    path: String,
    sample: String,
    size: u64,
}

#[derive(Deserialize)]
struct Reply {
    files: Vec<Decided>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decided {
    path: String,
    upload_mode: Mode,
    #[serde(default)]
    should_ignore: bool,
    /// What the hub has under that name.
    oid: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Regular,
    Lfs,
}

/// What has to go into the commit, and how: the hub decides. Files that it has already are left out.
pub(super) fn additions(service: &Service<'_>, files: Vec<LocalFile>) -> Result<Vec<Addition>> {
    let mut decisions = HashMap::new();
    for batch in files.chunks(BATCH) {
        let question = Question { files: batch.iter().map(asked).collect::<Result<_>>()? };
        let reply: Reply = service.post(service.revision_url("preupload")?, &question)?;
        decisions.extend(reply.files.into_iter().map(|decided| (decided.path.clone(), decided)));
    }
    let mut additions = Vec::new();
    for file in files {
        let Some(decided) = decisions.remove(&file.name) else {
            let reason = format!("it does not say how to upload {:?}", file.name);
            return Err(HubError::Malformed { url: service.revision_url("preupload")?.shown(), reason });
        };
        if decided.should_ignore {
            tracing::info!("`{}` is not uploaded: the repository's .gitignore names it", file.name);
            continue;
        }
        // Large file storage takes nothing that is empty.
        let way = if matches!(decided.upload_mode, Mode::Lfs) && file.size > 0 { Way::Lfs } else { Way::Regular };
        let oid = oid(&file, way)?;
        if decided.oid.as_deref() == Some(oid.as_str()) {
            tracing::debug!("`{}` has not changed", file.name);
            continue;
        }
        additions.push(Addition { file, way, oid });
    }
    Ok(additions)
}

fn asked(file: &LocalFile) -> Result<Asked> {
    let mut sample = Vec::new();
    let opened = File::open(&file.path).map_err(HubError::unreadable(&file.path))?;
    opened.take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(HubError::unreadable(&file.path))?;
    Ok(Asked { path: file.name.clone(), sample: STANDARD.encode(&sample), size: file.size })
}

fn oid(file: &LocalFile, way: Way) -> Result<String> {
    let kind = match way {
        Way::Regular => EtagKind::GitSha1,
        Way::Lfs => EtagKind::Sha256,
    };
    let mut checksum = Checksum::new(kind, file.size);
    let mut opened = File::open(&file.path).map_err(HubError::unreadable(&file.path))?;
    let read = checksum.update_from(&mut opened).map_err(HubError::unreadable(&file.path))?;
    match checksum.finish() {
        Some(oid) if read == file.size => Ok(oid),
        _ => Err(HubError::Folder { path: file.path.clone(), reason: CHANGED }),
    }
}
