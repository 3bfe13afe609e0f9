use super::multipart::{Action, MultipartUpload};
use super::put_range::put_range;
use super::upload_client::UploadClient;
use super::{Addition, UploadMode};
use crate::server_message::printable;
use crate::url::{Url, encode_path};
use crate::{Event, HubError, Progress, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;

/// Most files per batch request.
const MAX_BATCH: usize = 256;
const CONTENT_TYPE: &str = "application/vnd.git-lfs+json";
const MAX_RESPONSE_BYTES: u64 = 16 << 20;

#[derive(Serialize)]
struct BatchRequest<'a> {
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
struct BatchResponse {
    objects: Vec<ObjectActions>,
}

#[derive(Deserialize)]
struct ObjectActions {
    oid: String,
    error: Option<ObjectError>,
    actions: Option<Actions>,
}

#[derive(Deserialize)]
struct ObjectError {
    message: String,
}

#[derive(Deserialize)]
struct Actions {
    upload: Option<Action>,
    verify: Option<Action>,
}

/// Uploads the contents that LFS does not have yet.
pub(super) fn upload_contents(
    client: &UploadClient<'_>,
    additions: &[Addition],
    progress: &mut Progress<'_>,
) -> Result<()> {
    let contents: BTreeMap<&str, &Addition> = additions
        .iter()
        .filter(|addition| addition.mode == UploadMode::Lfs)
        .map(|addition| (addition.oid.as_str(), addition))
        .collect();
    let contents: Vec<&Addition> = contents.into_values().collect();
    let url = client.http.url(&format!("/{}.git/info/lfs/objects/batch", encode_path(client.repo.as_str())))?;
    for batch in contents.chunks(MAX_BATCH) {
        let objects = batch.iter().map(|addition| Object { oid: &addition.oid, size: addition.file.size }).collect();
        let request = BatchRequest {
            operation: "upload",
            transfers: ["basic", "multipart"],
            objects,
            hash_algo: "sha256",
            r#ref: Reference { name: client.revision },
        };
        let body = client.json(&request)?;
        let response: BatchResponse =
            client.post_bytes(url.clone(), CONTENT_TYPE, &body, |response| response.json(MAX_RESPONSE_BYTES))?;
        let mut actions: BTreeMap<String, ObjectActions> =
            response.objects.into_iter().map(|object| (object.oid.clone(), object)).collect();
        for addition in batch {
            let object = actions.remove(&addition.oid).ok_or_else(|| HubError::Malformed {
                url: url.without_query(),
                reason: format!("it gives no upload URL for {:?}", addition.file.name),
            })?;
            upload_content(client, &url, addition, object, progress)?;
        }
    }
    Ok(())
}

fn upload_content(
    client: &UploadClient<'_>,
    from: &Url,
    addition: &Addition,
    object: ObjectActions,
    progress: &mut Progress<'_>,
) -> Result<()> {
    if let Some(error_message) = object.error {
        let server_message = printable(&client.http.redact_token(&error_message.message));
        let reason = format!("LFS rejects `{}`: {server_message}", addition.file.name);
        return Err(HubError::Upload { repo: client.repo.to_string(), reason });
    }
    let Some(Actions { upload: Some(upload), verify }) = object.actions else {
        tracing::debug!("LFS already has the content of `{}`", addition.file.name);
        return Ok(());
    };
    let url = client.resolve_url(from, &upload.href)?;
    let file = File::open(&addition.file.path).map_err(HubError::unreadable(&addition.file.path))?;
    match MultipartUpload::from_action(&upload, from, addition.file.size)? {
        Some(multipart) => multipart.send(client, &url, &file, addition, progress)?,
        None => put_range(client, &url, &file, addition, 0..addition.file.size, progress).map(|_| ())?,
    }
    if let Some(verify) = verify {
        let body = client.json(&Object { oid: &addition.oid, size: addition.file.size })?;
        client.post_bytes(client.resolve_url(from, &verify.href)?, CONTENT_TYPE, &body, |_| Ok(()))?;
    }
    progress(Event::Done { file: &addition.file.name });
    Ok(())
}
