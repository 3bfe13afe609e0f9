use super::entry::Entry;
use super::error::{Result, malformed};
use super::source::Source;
use super::{bin_legacy, bin_zip};

/// Where a tar archive says that it is one.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

/// The tensors of a file written by `torch.save`, told apart by its first bytes as torch does. Reads no tensor's data.
pub(super) fn entries(source: &Source, file: usize) -> Result<Vec<Entry>> {
    let head = source.head(512)?;
    if head.starts_with(b"PK\x03\x04") {
        return bin_zip::entries(source, file);
    }
    if bin_legacy::has_magic_number(&head) {
        return bin_legacy::entries(source, file);
    }
    let reason = if head.get(TAR_MAGIC) == Some(b"ustar") {
        "is in the tar format of torch before 0.1.10, which is not read: load it in Python and save it again"
    } else if head.starts_with(&[0x80]) {
        "is a pickle, but not one that torch.save wrote"
    } else {
        "is no file of torch.save: it starts neither as a zip archive nor as torch's older format"
    };
    Err(malformed(&source.path, reason))
}
