use crate::answer::Answer;
use crate::http::Http;
use crate::metadata::RemoteFile;
use crate::partial::Partial;
use crate::range::ContentRange;
use crate::refusal::{self, Asked};
use crate::request::Request;
use crate::retry::Retries;
use crate::trouble::{Again, Trouble};
use crate::{Event, HubConfig, HubError, ModelName, Progress, Result, pace};
use std::io::{self, ErrorKind, Read};
use ureq::http::Method;

const BUFFER_BYTES: usize = 256 << 10;
/// Only small text comes without its size.
const MOST_UNANNOUNCED_BYTES: u64 = 256 << 20;

/// A file that is being downloaded; it goes on where an earlier attempt stopped.
pub(crate) struct Download<'a> {
    pub http: &'a Http,
    pub config: &'a HubConfig,
    pub model: &'a ModelName,
    pub file: &'a RemoteFile,
}

impl Download<'_> {
    /// Asks until everything is there.
    pub(crate) fn complete(&self, partial: &mut Partial, progress: &mut Progress<'_>) -> Result<()> {
        let file = self.file.name.as_str();
        progress(Event::Begin { file, total: self.file.size, done: partial.length() });
        let mut retries = Retries::patient(&self.config.retries);
        let mut furthest = partial.length();
        while self.file.size.is_none_or(|size| partial.length() < size) {
            let Err(trouble) = self.attempt(partial, progress) else { break };
            if pace::is_progress(furthest, partial.length()) {
                furthest = partial.length();
                retries.progressed();
            }
            retries.after(trouble, &mut |retry| {
                let reason = retry.reason.as_str();
                progress(Event::Retry { file, attempt: retry.attempt, wait: retry.wait, reason });
            })?;
        }
        Ok(())
    }

    /// One request, for what is still missing. It begins at the hub each time: the addresses to which that leads run out.
    fn attempt(&self, partial: &mut Partial, progress: &mut Progress<'_>) -> std::result::Result<(), Trouble> {
        let from = partial.length();
        let mut request = Request::new(Method::GET, self.file.url.clone(), self.config.download_timeout)
            .header("accept-encoding", "identity");
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        let answer = self.http.send(&request)?;
        match answer.status {
            206 if from > 0 => self.check_range(&answer, from)?,
            200 => {
                self.check_length(&answer)?;
                if from > 0 {
                    tracing::info!("{} sends `{}` from its start again", answer.url.shown(), self.file.name);
                    self.restart(partial, progress)?;
                }
            }
            416 if from > 0 => {
                if let Some(error) = self.other_size(range(&answer).and_then(|range| range.total)) {
                    return Err(error.into());
                }
                self.restart(partial, progress)?;
                let error = answer.malformed(format!("it says that the file has no bytes from {from}"));
                return Err(Trouble { error, again: Again::After(None) });
            }
            201..300 => return Err(answer.malformed(format!("it answers {} to a download", answer.status)).into()),
            _ => return Err(refusal::trouble(self.http, answer, Asked::File(self.model, &self.file.name))),
        }
        self.receive(answer, partial, progress)
    }

    fn receive(
        &self,
        answer: Answer,
        partial: &mut Partial,
        progress: &mut Progress<'_>,
    ) -> std::result::Result<(), Trouble> {
        let most = self.file.size.unwrap_or(MOST_UNANNOUNCED_BYTES);
        let url = answer.url.shown();
        let mut reader = answer.reader();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Trouble::transport(&url, error.into())),
            };
            let more = read as u64;
            if partial.length().saturating_add(more) > most {
                return Err(self.size_error(most, format!("more than {most} bytes long")).into());
            }
            partial.append(buffer.get(..read).unwrap_or_default())?;
            progress(Event::Bytes { file: &self.file.name, more });
        }
        match self.file.size {
            Some(size) if partial.length() < size => {
                let reason = format!("the answer ended after {} of {size} bytes", partial.length());
                Err(Trouble::transport(&url, io::Error::new(ErrorKind::UnexpectedEof, reason).into()))
            }
            _ => Ok(()),
        }
    }

    fn restart(&self, partial: &mut Partial, progress: &mut Progress<'_>) -> Result<()> {
        partial.restart()?;
        progress(Event::Begin { file: &self.file.name, total: self.file.size, done: 0 });
        Ok(())
    }

    fn check_range(&self, answer: &Answer, from: u64) -> Result<()> {
        match range(answer) {
            Some(ContentRange { start: Some(start), total }) if start == from => {
                self.other_size(total).map_or(Ok(()), Err)
            }
            _ => {
                let header = answer.header("content-range").unwrap_or_default();
                Err(answer.malformed(format!("asked for the bytes from {from} it sends {header:?}")))
            }
        }
    }

    fn check_length(&self, answer: &Answer) -> Result<()> {
        if answer.header("content-encoding").is_some_and(|encoding| encoding != "identity") {
            return Err(answer.malformed("it compresses the file though asked not to"));
        }
        self.other_size(answer.number("content-length")).map_or(Ok(()), Err)
    }

    /// The error for a size that is not the one that the hub promised.
    fn other_size(&self, found: Option<u64>) -> Option<HubError> {
        let (found, size) = (found?, self.file.size?);
        (found != size).then(|| self.size_error(size, format!("{found} bytes long")))
    }

    fn size_error(&self, expected: u64, found: String) -> HubError {
        HubError::Size { model: self.model.to_string(), file: self.file.name.clone(), expected, found }
    }
}

fn range(answer: &Answer) -> Option<ContentRange> {
    ContentRange::parse(answer.header("content-range")?)
}
