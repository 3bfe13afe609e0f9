use super::multipart::{Action, Plan};
use super::put::put;
use super::service::Service;
use super::{Addition, Way};
use crate::url::{Url, encoded_path};
use crate::words::shown;
use crate::{Event, HubError, Progress, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;

/// Files that the hub takes in one question.
const BATCH: usize = 256;
const CONTENT_TYPE: &str = "application/vnd.git-lfs+json";
const MOST_ANSWER_BYTES: u64 = 16 << 20;

#[derive(Serialize)]
struct Question<'a> {
    operation: &'static str,
    transfers: [&'static str; 2],
    objects: Vec<Object<'a>>,
    hash_algo: &'static str,
    r#ref: Reference<'a>,
}

#[derive(Serialize)]
struct Reference<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Object<'a> {
    oid: &'a str,
    size: u64,
}

#[derive(Deserialize)]
struct Reply {
    objects: Vec<Decided>,
}

#[derive(Deserialize)]
struct Decided {
    oid: String,
    error: Option<Complaint>,
    actions: Option<Actions>,
}

#[derive(Deserialize)]
struct Complaint {
    message: String,
}

#[derive(Deserialize)]
struct Actions {
    upload: Option<Action>,
    verify: Option<Action>,
}

/// Brings the contents into large file storage that are not there yet.
pub(super) fn send(service: &Service<'_>, additions: &[Addition], progress: &mut Progress<'_>) -> Result<()> {
    let contents: BTreeMap<&str, &Addition> = additions
        .iter()
        .filter(|addition| addition.way == Way::Lfs)
        .map(|addition| (addition.oid.as_str(), addition))
        .collect();
    let contents: Vec<&Addition> = contents.into_values().collect();
    let url = service.http.at(&format!("/{}.git/info/lfs/objects/batch", encoded_path(service.repo.as_str())))?;
    for batch in contents.chunks(BATCH) {
        let objects = batch.iter().map(|addition| Object { oid: &addition.oid, size: addition.file.size }).collect();
        let question = Question {
            operation: "upload",
            transfers: ["basic", "multipart"],
            objects,
            hash_algo: "sha256",
            r#ref: Reference { name: service.revision },
        };
        let body = service.json(&question)?;
        let reply: Reply =
            service.post_bytes(url.clone(), CONTENT_TYPE, &body, |answer| answer.json(MOST_ANSWER_BYTES))?;
        let mut decisions: BTreeMap<String, Decided> =
            reply.objects.into_iter().map(|decided| (decided.oid.clone(), decided)).collect();
        for addition in batch {
            let decided = decisions.remove(&addition.oid).ok_or_else(|| HubError::Malformed {
                url: url.shown(),
                reason: format!("it does not say where to send {:?}", addition.file.name),
            })?;
            send_one(service, &url, addition, decided, progress)?;
        }
    }
    Ok(())
}

fn send_one(
    service: &Service<'_>,
    from: &Url,
    addition: &Addition,
    decided: Decided,
    progress: &mut Progress<'_>,
) -> Result<()> {
    if let Some(complaint) = decided.error {
        let said = shown(&service.http.hide_token(&complaint.message));
        let reason = format!("large file storage refuses `{}`: {said}", addition.file.name);
        return Err(HubError::Upload { repo: service.repo.to_string(), reason });
    }
    let Some(Actions { upload: Some(upload), verify }) = decided.actions else {
        tracing::debug!("the content of `{}` is already there", addition.file.name);
        return Ok(());
    };
    let url = service.given_url(from, &upload.href)?;
    let file = File::open(&addition.file.path).map_err(HubError::unreadable(&addition.file.path))?;
    match Plan::of(&upload, from, addition.file.size)? {
        Some(plan) => plan.send(service, &url, &file, addition, progress)?,
        None => put(service, &url, &file, addition, 0..addition.file.size, progress).map(|_| ())?,
    }
    if let Some(verify) = verify {
        let body = service.json(&Object { oid: &addition.oid, size: addition.file.size })?;
        service.post_bytes(service.given_url(from, &verify.href)?, CONTENT_TYPE, &body, |_| Ok(()))?;
    }
    progress(Event::Done { file: &addition.file.name });
    Ok(())
}
