use super::Addition;
use super::put::put;
use super::service::Service;
use crate::url::Url;
use crate::{HubError, Progress, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;

/// Where to send something, and for a transfer in parts where each goes.
#[derive(Deserialize)]
pub(super) struct Action {
    pub href: String,
    #[serde(default)]
    pub header: Option<BTreeMap<String, serde_json::Value>>,
}

/// A large file's transfer in parts, each to an address of its own.
pub(super) struct Plan {
    part_bytes: u64,
    hrefs: Vec<String>,
}

#[derive(Serialize)]
struct Completion<'a> {
    oid: &'a str,
    parts: Vec<Sent>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    part_number: usize,
    etag: String,
}

impl Plan {
    /// How the hub wants the file in parts; `None` if it wants it whole. It says so among the headers: the size of a part
    /// as `chunk_size`, and each part's address under its number.
    pub(super) fn of(action: &Action, from: &Url, size: u64) -> Result<Option<Self>> {
        let header = action.header.iter().flatten();
        let malformed = |reason: &str| HubError::Malformed { url: from.shown(), reason: reason.to_owned() };
        let Some(part_bytes) = action.header.as_ref().and_then(|header| header.get("chunk_size")) else {
            return Ok(None);
        };
        let part_bytes = part_bytes.as_u64().or_else(|| part_bytes.as_str()?.parse().ok());
        let part_bytes =
            part_bytes.filter(|bytes| *bytes > 0).ok_or_else(|| malformed("its chunk_size is no number of bytes"))?;
        let numbered: BTreeMap<u64, String> =
            header.filter_map(|(key, value)| Some((key.parse().ok()?, value.as_str()?.to_owned()))).collect();
        let count = size.div_ceil(part_bytes);
        let complete = numbered.len() as u64 == count && numbered.keys().copied().eq(1..=count);
        if !complete {
            return Err(malformed("its addresses are not those of the file's parts"));
        }
        Ok(Some(Self { part_bytes, hrefs: numbered.into_values().collect() }))
    }

    /// Sends the parts, then tells `completion` that they are all there.
    pub(super) fn send(
        &self,
        service: &Service<'_>,
        completion: &Url,
        file: &File,
        addition: &Addition,
        progress: &mut Progress<'_>,
    ) -> Result<()> {
        let mut parts = Vec::new();
        let mut start = 0_u64;
        for (index, href) in self.hrefs.iter().enumerate() {
            let end = addition.file.size.min(start.saturating_add(self.part_bytes));
            let url = service.given_url(completion, href)?;
            let answer = put(service, &url, file, addition, start..end, progress)?;
            let etag = answer.header("etag").filter(|etag| !etag.is_empty());
            let etag = etag.ok_or_else(|| answer.malformed("it took a part but gives no ETag for it"))?.to_owned();
            parts.push(Sent { part_number: index + 1, etag });
            start = end;
        }
        let body = service.json(&Completion { oid: &addition.oid, parts })?;
        service.post_bytes(completion.clone(), "application/vnd.git-lfs+json", &body, |_| Ok(()))
    }
}
