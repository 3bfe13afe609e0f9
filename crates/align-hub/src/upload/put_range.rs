use super::file_part::FilePart;
use super::upload_client::{RESPONSE_TIMEOUT, UploadClient};
use super::{Addition, CHANGED};
use crate::request::Request;
use crate::response::Response;
use crate::retry::Retries;
use crate::url::Url;
use crate::{Event, HubError, Progress, Result};
use std::fs::File;
use ureq::http::Method;

/// Uploads a range of the file. The response carries the etag of a part.
pub(super) fn put_range(
    client: &UploadClient<'_>,
    url: &Url,
    file: &File,
    addition: &Addition,
    range: std::ops::Range<u64>,
    progress: &mut Progress<'_>,
) -> Result<Response> {
    let name = addition.file.name.as_str();
    let mut request = Request::new(Method::PUT, url.clone(), client.config.download_timeout);
    request.response_timeout = RESPONSE_TIMEOUT;
    let mut retries = Retries::after_connection(&client.config.retries);
    loop {
        progress(Event::Begin { file: name, total: Some(addition.file.size), done: range.start });
        let length = range.end - range.start;
        let mut part = FilePart { file, name, start: range.start, length, progress: &mut *progress };
        let response = client.http.send_stream(&request, &mut part, length);
        match response.and_then(|response| client.check_status(response)) {
            Ok(response) => return Ok(response),
            Err(_) if file.metadata().is_ok_and(|now| now.len() < range.end) => {
                return Err(HubError::Folder { path: addition.file.path.clone(), reason: CHANGED });
            }
            Err(failure) => retries.wait_or_fail(failure, &mut |retry| {
                let reason = retry.reason.as_str();
                progress(Event::Retry { file: name, attempt: retry.attempt, wait: retry.wait, reason });
            })?,
        }
    }
}
