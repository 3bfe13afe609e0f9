/// A `Content-Range` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentRange {
    /// The first byte; `None` if the range cannot be satisfied.
    pub start: Option<u64>,
    /// The file's size, if the server gives it.
    pub total: Option<u64>,
}

impl ContentRange {
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (range, total) = header.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
        let total = match total.trim() {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        if range.trim() == "*" {
            return Some(Self { start: None, total });
        }
        let (start, end) = range.split_once('-')?;
        let (start, end): (u64, u64) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
        (start <= end && total.is_none_or(|total| end < total)).then_some(Self { start: Some(start), total })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn ranges_are_parsed() {
        let range = |header: &str| ContentRange::parse(header).map(|range| (range.start, range.total));
        assert_eq!(range("bytes 5-9/10"), Some((Some(5), Some(10))));
        assert_eq!(range("bytes 5-9/*"), Some((Some(5), None)));
        assert_eq!(range("bytes */10"), Some((None, Some(10))));
        for wrong in ["", "bytes", "bytes 5-9", "bytes 9-5/10", "bytes 5-10/10", "lines 1-2/3", "bytes -1-2/3"] {
            assert_eq!(range(wrong), None, "{wrong:?}");
        }
    }
}
