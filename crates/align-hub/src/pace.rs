use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

/// Slower than so many bytes a second is no progress: a peer that sends a byte now and then would never be given up.
const SLOWEST: u64 = 1 << 10;

/// A reader that fails where less than [`SLOWEST`] bytes a second come over a whole `patience`, its own end aside.
pub(crate) struct Paced<R> {
    inner: R,
    patience: Duration,
    /// When the running stretch began, none before the first byte is asked for; and what came in it.
    since: Option<Instant>,
    bytes: u64,
}

impl<R: Read> Paced<R> {
    pub(crate) fn new(inner: R, patience: Duration) -> Self {
        Self { inner, patience, since: None, bytes: 0 }
    }
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let read = self.inner.read(buffer)?;
        self.bytes = self.bytes.saturating_add(read as u64);
        let elapsed = since.elapsed();
        if read > 0 && elapsed >= self.patience {
            if (self.bytes as f64) < SLOWEST as f64 * elapsed.as_secs_f64() {
                let reason = format!("only {} bytes in {:.1} s", self.bytes, elapsed.as_secs_f64());
                return Err(io::Error::new(ErrorKind::TimedOut, reason));
            }
            (self.since, self.bytes) = (Some(Instant::now()), 0);
        }
        Ok(read)
    }
}

/// Whether a download that got from one length to another has got any further, so that its failed attempts count anew.
pub(crate) fn is_progress(from: u64, to: u64) -> bool {
    to >= from.saturating_add(SLOWEST)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// So many bytes a read, a millisecond apart.
    struct Drip(usize);

    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_millis(1));
            let count = self.0.min(buffer.len());
            buffer[..count].fill(7);
            Ok(count)
        }
    }

    #[test]
    fn drops_are_given_up_and_a_stream_is_not() {
        let patience = Duration::from_millis(50);
        let error = io::copy(&mut Paced::new(Drip(1).take(100_000), patience), &mut io::sink()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("bytes in 0."), "{error}");
        let all = io::copy(&mut Paced::new(Drip(4096).take(1 << 20), patience), &mut io::sink()).unwrap();
        assert_eq!(all, 1 << 20);
        // Little that is over in time is no drip.
        assert_eq!(io::copy(&mut Paced::new(Drip(1).take(3), patience), &mut io::sink()).unwrap(), 3);
    }
}
