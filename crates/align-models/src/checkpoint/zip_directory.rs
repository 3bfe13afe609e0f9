//! Reads the directory of a zip archive with uncompressed members, as written by `torch.save`.
//!
//! Zip libraries are not used because they allocate memory according to the number of members that the archive claims to have. Members are
//! read directly from their range of the file.

use super::error::{Result, malformed};
use super::printable_name::printable_name;
use super::source::Source;
use std::collections::HashMap;

/// Size limit of the directory in bytes: about 500,000 members, far more than any model has tensors.
const DIRECTORY_LIMIT: u64 = 64 << 20;
const END: usize = 22;
const END64_LOCATOR: usize = 20;
const END64: usize = 56;
const CENTRAL_HEADER: usize = 46;
const LOCAL_HEADER: usize = 30;

/// The range of a member in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub start: u64,
    pub len: u64,
    /// `None` if the writer did not compute it (`torch.serialization.set_crc32_options(False)`).
    pub crc: Option<u32>,
}

/// All members by name. Fails unless each is uncompressed and inside the file.
pub(super) fn members(source: &Source) -> Result<HashMap<String, Member>> {
    let fault = |reason: String| malformed(&source.path, reason);
    let damaged = || fault("is damaged or truncated: the zip archive's directory cannot be read".to_owned());
    let (start, len) = directory(source)?.ok_or_else(damaged)?;
    if len > DIRECTORY_LIMIT {
        return Err(fault(format!("has a zip directory of {len} bytes, at most {DIRECTORY_LIMIT} are read")));
    }
    let mut directory = vec![0; len as usize];
    source.read_at(&mut directory, start)?;

    let mut members = HashMap::new();
    let mut rest = directory.as_slice();
    while !rest.is_empty() {
        let (header, remaining) = rest.split_at_checked(CENTRAL_HEADER).ok_or_else(damaged)?;
        if !header.starts_with(b"PK\x01\x02") {
            return Err(damaged());
        }
        let (name, remaining) = remaining.split_at_checked(number(header, 28, 2) as usize).ok_or_else(damaged)?;
        let (extra, remaining) = remaining.split_at_checked(number(header, 30, 2) as usize).ok_or_else(damaged)?;
        let (_comment, remaining) = remaining.split_at_checked(number(header, 32, 2) as usize).ok_or_else(damaged)?;
        rest = remaining;

        let name = std::str::from_utf8(name).map_err(|_| damaged())?;
        // The actual sizes, if they do not fit into 32 bits.
        let mut wide = zip64_extra(extra);
        let mut size = |at: usize| match number(header, at, 4) {
            0xffff_ffff => wide.next().ok_or_else(damaged),
            size => Ok(size),
        };
        let (len, stored_len, at) = (size(24)?, size(20)?, size(42)?);
        let (flags, method) = (number(header, 8, 2), number(header, 10, 2));
        if flags & 1 != 0 || method != 0 || len != stored_len {
            return Err(fault(format!(
                "member `{}` is compressed or encrypted, which torch.save never does",
                printable_name(name)
            )));
        }
        let start = data_start(source, at)?.filter(|start| start.checked_add(len).is_some_and(|end| end <= source.len));
        let start = start.ok_or_else(|| {
            fault(format!(
                "is damaged or truncated: member `{}` is not at the offset in the directory",
                printable_name(name)
            ))
        })?;
        let crc = Some(number(header, 16, 4) as u32).filter(|crc| *crc != 0);
        if members.insert(name.to_owned(), Member { start, len, crc }).is_some() {
            return Err(fault(format!("holds member `{}` twice", printable_name(name))));
        }
    }
    Ok(members)
}

/// Offset and length of the directory, from the records at the end of the file; `None` if they are invalid.
fn directory(source: &Source) -> Result<Option<(u64, u64)>> {
    let Some(end_at) = source.len.checked_sub(END as u64) else {
        return Ok(None);
    };
    let mut end = [0; END];
    source.read_at(&mut end, end_at)?;
    if !end.starts_with(b"PK\x05\x06") {
        return Ok(None);
    }
    let (mut len, mut start, mut before) = (number(&end, 12, 4), number(&end, 16, 4), end_at);
    // torch writes the 64-bit records also for small archives.
    if let Some(locator_at) = end_at.checked_sub(END64_LOCATOR as u64) {
        let mut locator = [0; END64_LOCATOR];
        source.read_at(&mut locator, locator_at)?;
        if locator.starts_with(b"PK\x06\x07") {
            before = number(&locator, 8, 8);
            if before.checked_add(END64 as u64).is_none_or(|end| end > locator_at) {
                return Ok(None);
            }
            let mut wide = [0; END64];
            source.read_at(&mut wide, before)?;
            if !wide.starts_with(b"PK\x06\x06") {
                return Ok(None);
            }
            (len, start) = (number(&wide, 40, 8), number(&wide, 48, 8));
        }
    }
    Ok(Some((start, len)).filter(|_| start.checked_add(len).is_some_and(|end| end <= before)))
}

/// The offset of a member's data: after its local header, whose name and padding have variable lengths.
fn data_start(source: &Source, at: u64) -> Result<Option<u64>> {
    let Some(end) = at.checked_add(LOCAL_HEADER as u64).filter(|end| *end <= source.len) else {
        return Ok(None);
    };
    let mut header = [0; LOCAL_HEADER];
    source.read_at(&mut header, at)?;
    let start = end + number(&header, 26, 2) + number(&header, 28, 2);
    Ok(Some(start).filter(|_| header.starts_with(b"PK\x03\x04")))
}

/// The 64-bit numbers in the zip64 extra field of a central header.
fn zip64_extra(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    const WIDE: u64 = 1;
    let mut wide: &[u8] = &[];
    while let Some((head, remaining)) = extra.split_at_checked(4) {
        let Some((field, remaining)) = remaining.split_at_checked(number(head, 2, 2) as usize) else {
            break;
        };
        if number(head, 0, 2) == WIDE {
            wide = field;
        }
        extra = remaining;
    }
    wide.chunks_exact(8).map(|bytes| number(bytes, 0, 8))
}

/// The little-endian number of `len` bytes at offset `at`, which must be inside `bytes`.
fn number(bytes: &[u8], at: usize, len: usize) -> u64 {
    bytes[at..at + len].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
