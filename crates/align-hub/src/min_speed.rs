use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

/// Minimum transfer rate in bytes per second. A server that sends single bytes would otherwise never time out.
const MIN_BYTES_PER_SECOND: u64 = 1 << 10;

/// A reader that fails if fewer than [`MIN_BYTES_PER_SECOND`] arrive during `timeout`. The end of the stream is not an
/// error.
pub(crate) struct MinSpeedReader<R> {
    inner: R,
    timeout: Duration,
    /// Start of the current measurement (`None` before the first read), and the bytes read since.
    since: Option<Instant>,
    bytes: u64,
}

impl<R: Read> MinSpeedReader<R> {
    pub(crate) fn new(inner: R, timeout: Duration) -> Self {
        Self { inner, timeout, since: None, bytes: 0 }
    }
}

impl<R: Read> Read for MinSpeedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let read = self.inner.read(buffer)?;
        self.bytes = self.bytes.saturating_add(read as u64);
        let elapsed = since.elapsed();
        if read > 0 && elapsed >= self.timeout {
            if (self.bytes as f64) < MIN_BYTES_PER_SECOND as f64 * elapsed.as_secs_f64() {
                let reason = format!("only {} bytes in {:.1} s", self.bytes, elapsed.as_secs_f64());
                return Err(io::Error::new(ErrorKind::TimedOut, reason));
            }
            (self.since, self.bytes) = (Some(Instant::now()), 0);
        }
        Ok(read)
    }
}

/// Whether a download made enough progress to reset the count of failed attempts.
pub(crate) fn is_progress(from: u64, to: u64) -> bool {
    to >= from.saturating_add(MIN_BYTES_PER_SECOND)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Returns a fixed number of bytes per read, one read per millisecond.
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
    fn slow_streams_time_out_and_fast_ones_do_not() {
        let timeout = Duration::from_millis(50);
        let error = io::copy(&mut MinSpeedReader::new(Drip(1).take(100_000), timeout), &mut io::sink()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("bytes in 0."), "{error}");
        let all = io::copy(&mut MinSpeedReader::new(Drip(4096).take(1 << 20), timeout), &mut io::sink()).unwrap();
        assert_eq!(all, 1 << 20);
        // A short response that ends in time is not an error.
        assert_eq!(io::copy(&mut MinSpeedReader::new(Drip(1).take(3), timeout), &mut io::sink()).unwrap(), 3);
    }
}
