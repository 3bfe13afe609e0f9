use std::io::{BufRead, BufReader, Read};

/// Bytes of a line.
pub(super) const MAX_LINE: usize = 1 << 20;

/// A line of output, or why there is none.
#[derive(Debug)]
pub(super) enum Line {
    Text(Vec<u8>),
    TooLong,
    Unreadable(std::io::Error),
}

/// Hands each line of `source` on, without its end, until it ends or `hand_on` returns `false`.
pub(super) fn for_each_line(source: impl Read, mut hand_on: impl FnMut(Line) -> bool) {
    let mut source = BufReader::new(source);
    loop {
        let mut line = Vec::new();
        let line = match source.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) if line.len() > MAX_LINE => Line::TooLong,
            Ok(_) => {
                line.pop_if(|last| *last == b'\n');
                Line::Text(line)
            }
            Err(problem) => Line::Unreadable(problem),
        };
        let ends = !matches!(line, Line::Text(_));
        if !hand_on(line) || ends {
            return;
        }
    }
}
