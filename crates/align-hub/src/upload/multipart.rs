use super::Addition;
use super::put_range::put_range;
use super::upload_client::UploadClient;
use crate::url::Url;
use crate::{HubError, Progress, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;

/// An upload URL, with headers that give the part URLs of a multipart upload.
#[derive(Deserialize)]
pub(super) struct Action {
    pub href: String,
    #[serde(default)]
    pub header: Option<BTreeMap<String, serde_json::Value>>,
}

/// An upload of a large file in parts, each to its own URL.
pub(super) struct MultipartUpload {
    part_bytes: u64,
    hrefs: Vec<String>,
}

#[derive(Serialize)]
struct CompletionRequest<'a> {
    oid: &'a str,
    parts: Vec<CompletedPart>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompletedPart {
    part_number: usize,
    etag: String,
}

impl MultipartUpload {
    /// The multipart upload that the hub requests, or `None` for an upload in one piece. The headers give the part size
    /// as `chunk_size` and each part's URL under its number.
    pub(super) fn from_action(action: &Action, from: &Url, size: u64) -> Result<Option<Self>> {
        let header = action.header.iter().flatten();
        let malformed = |reason: &str| HubError::Malformed { url: from.without_query(), reason: reason.to_owned() };
        let Some(part_bytes) = action.header.as_ref().and_then(|header| header.get("chunk_size")) else {
            return Ok(None);
        };
        let part_bytes = part_bytes.as_u64().or_else(|| part_bytes.as_str()?.parse().ok());
        let part_bytes = part_bytes
            .filter(|bytes| *bytes > 0)
            .ok_or_else(|| malformed("its chunk_size is not a positive number"))?;
        let numbered: BTreeMap<u64, String> =
            header.filter_map(|(key, value)| Some((key.parse().ok()?, value.as_str()?.to_owned()))).collect();
        let count = size.div_ceil(part_bytes);
        let complete = numbered.len() as u64 == count && numbered.keys().copied().eq(1..=count);
        if !complete {
            return Err(malformed("its part URLs do not match the file's size"));
        }
        Ok(Some(Self { part_bytes, hrefs: numbered.into_values().collect() }))
    }

    /// Uploads the parts, then completes the upload at `completion`.
    pub(super) fn send(
        &self,
        client: &UploadClient<'_>,
        completion: &Url,
        file: &File,
        addition: &Addition,
        progress: &mut Progress<'_>,
    ) -> Result<()> {
        let mut parts = Vec::new();
        let mut start = 0_u64;
        for (index, href) in self.hrefs.iter().enumerate() {
            let end = addition.file.size.min(start.saturating_add(self.part_bytes));
            let url = client.resolve_url(completion, href)?;
            let response = put_range(client, &url, file, addition, start..end, progress)?;
            let etag = response.header("etag").filter(|etag| !etag.is_empty());
            let etag = etag.ok_or_else(|| response.malformed("it returned no ETag for an uploaded part"))?.to_owned();
            parts.push(CompletedPart { part_number: index + 1, etag });
            start = end;
        }
        let body = client.json(&CompletionRequest { oid: &addition.oid, parts })?;
        client.post_bytes(completion.clone(), "application/vnd.git-lfs+json", &body, |_| Ok(()))
    }
}
