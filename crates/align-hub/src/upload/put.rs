use super::part::Part;
use super::service::{ANSWER_TIMEOUT, Service};
use super::{Addition, CHANGED};
use crate::answer::Answer;
use crate::request::Request;
use crate::retry::Retries;
use crate::url::Url;
use crate::{Event, HubError, Progress, Result};
use std::fs::File;
use ureq::http::Method;

/// Sends a range of the file; returns the answer, of which parts need the etag.
pub(super) fn put(
    service: &Service<'_>,
    url: &Url,
    file: &File,
    addition: &Addition,
    range: std::ops::Range<u64>,
    progress: &mut Progress<'_>,
) -> Result<Answer> {
    let name = addition.file.name.as_str();
    let mut request = Request::new(Method::PUT, url.clone(), service.config.download_timeout);
    request.answer_timeout = ANSWER_TIMEOUT;
    let mut retries = Retries::patient(&service.config.retries);
    loop {
        progress(Event::Begin { file: name, total: Some(addition.file.size), done: range.start });
        let length = range.end - range.start;
        let mut part = Part { file, name, start: range.start, length, progress: &mut *progress };
        let answer = service.http.send_stream(&request, &mut part, length);
        match answer.and_then(|answer| service.accepted(answer)) {
            Ok(answer) => return Ok(answer),
            Err(_) if file.metadata().is_ok_and(|now| now.len() < range.end) => {
                return Err(HubError::Folder { path: addition.file.path.clone(), reason: CHANGED });
            }
            Err(trouble) => retries.after(trouble, &mut |retry| {
                let reason = retry.reason.as_str();
                progress(Event::Retry { file: name, attempt: retry.attempt, wait: retry.wait, reason });
            })?,
        }
    }
}
