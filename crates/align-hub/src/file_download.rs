use crate::content_range::ContentRange;
use crate::http::Http;
use crate::metadata::RemoteFile;
use crate::partial_file::PartialFile;
use crate::request::Request;
use crate::request_error::{RequestError, RetryRule};
use crate::response::Response;
use crate::response_error::{self, RequestKind};
use crate::retry::Retries;
use crate::{Event, HubConfig, HubError, ModelName, Progress, Result, min_speed};
use std::io::{self, ErrorKind, Read};
use ureq::http::Method;

const BUFFER_BYTES: usize = 256 << 10;
/// Size limit of a file whose size the hub does not report, which are small text files.
const MAX_BYTES_WITHOUT_SIZE: u64 = 256 << 20;

/// The download of one file, which resumes where an earlier attempt stopped.
pub(crate) struct FileDownload<'a> {
    pub http: &'a Http,
    pub config: &'a HubConfig,
    pub model: &'a ModelName,
    pub file: &'a RemoteFile,
}

impl FileDownload<'_> {
    /// Downloads the file, with retries.
    pub(crate) fn complete(&self, partial: &mut PartialFile, progress: &mut Progress<'_>) -> Result<()> {
        let file = self.file.name.as_str();
        progress(Event::Begin { file, total: self.file.size, done: partial.length() });
        let mut retries = Retries::after_connection(&self.config.retries);
        let mut furthest = partial.length();
        while self.file.size.is_none_or(|size| partial.length() < size) {
            let Err(failure) = self.attempt(partial, progress) else { break };
            if min_speed::is_progress(furthest, partial.length()) {
                furthest = partial.length();
                retries.reset();
            }
            retries.wait_or_fail(failure, &mut |retry| {
                let reason = retry.reason.as_str();
                progress(Event::Retry { file, attempt: retry.attempt, wait: retry.wait, reason });
            })?;
        }
        Ok(())
    }

    /// Requests the missing bytes. Each attempt starts at the hub, because the URLs it redirects to expire.
    fn attempt(&self, partial: &mut PartialFile, progress: &mut Progress<'_>) -> std::result::Result<(), RequestError> {
        let from = partial.length();
        let mut request = Request::new(Method::GET, self.file.url.clone(), self.config.download_timeout)
            .header("accept-encoding", "identity");
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        let response = self.http.send(&request)?;
        match response.status {
            206 if from > 0 => self.check_range(&response, from)?,
            200 => {
                self.check_length(&response)?;
                if from > 0 {
                    tracing::info!(
                        "{} does not resume: downloading `{}` from the start",
                        response.url.without_query(),
                        self.file.name
                    );
                    self.restart(partial, progress)?;
                }
            }
            416 if from > 0 => {
                if let Some(error) = self.size_mismatch(range(&response).and_then(|range| range.total)) {
                    return Err(error.into());
                }
                self.restart(partial, progress)?;
                let error = response.malformed(format!("it reports that the file has no bytes from {from} on"));
                return Err(RequestError { error, retry: RetryRule::After(None) });
            }
            201..300 => {
                return Err(response.malformed(format!("unexpected status {} for a download", response.status)).into());
            }
            _ => {
                return Err(response_error::from_response(
                    self.http,
                    response,
                    RequestKind::File(self.model, &self.file.name),
                ));
            }
        }
        self.receive(response, partial, progress)
    }

    fn receive(
        &self,
        response: Response,
        partial: &mut PartialFile,
        progress: &mut Progress<'_>,
    ) -> std::result::Result<(), RequestError> {
        let limit = self.file.size.unwrap_or(MAX_BYTES_WITHOUT_SIZE);
        let url = response.url.without_query();
        let mut reader = response.reader();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(RequestError::transport(&url, error.into())),
            };
            let more = read as u64;
            if partial.length().saturating_add(more) > limit {
                return Err(self.size_error(limit, format!("more than {limit} bytes long")).into());
            }
            partial.append(buffer.get(..read).unwrap_or_default())?;
            progress(Event::Bytes { file: &self.file.name, more });
        }
        match self.file.size {
            Some(size) if partial.length() < size => {
                let reason = format!("the response ended after {} of {size} bytes", partial.length());
                Err(RequestError::transport(&url, io::Error::new(ErrorKind::UnexpectedEof, reason).into()))
            }
            _ => Ok(()),
        }
    }

    fn restart(&self, partial: &mut PartialFile, progress: &mut Progress<'_>) -> Result<()> {
        partial.restart()?;
        progress(Event::Begin { file: &self.file.name, total: self.file.size, done: 0 });
        Ok(())
    }

    fn check_range(&self, response: &Response, from: u64) -> Result<()> {
        match range(response) {
            Some(ContentRange { start: Some(start), total }) if start == from => {
                self.size_mismatch(total).map_or(Ok(()), Err)
            }
            _ => {
                let header = response.header("content-range").unwrap_or_default();
                Err(response.malformed(format!("expected the bytes from {from}, found the range {header:?}")))
            }
        }
    }

    fn check_length(&self, response: &Response) -> Result<()> {
        if response.header("content-encoding").is_some_and(|encoding| encoding != "identity") {
            return Err(response.malformed("it compresses the file despite `accept-encoding: identity`"));
        }
        self.size_mismatch(response.header_number("content-length")).map_or(Ok(()), Err)
    }

    /// The error for a size other than the expected one.
    fn size_mismatch(&self, found: Option<u64>) -> Option<HubError> {
        let (found, size) = (found?, self.file.size?);
        (found != size).then(|| self.size_error(size, format!("{found} bytes long")))
    }

    fn size_error(&self, expected: u64, found: String) -> HubError {
        HubError::Size { model: self.model.to_string(), file: self.file.name.clone(), expected, found }
    }
}

fn range(response: &Response) -> Option<ContentRange> {
    ContentRange::parse(response.header("content-range")?)
}
