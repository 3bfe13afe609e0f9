use super::entry::Entry;
use super::error::{Result, malformed};
use super::source::Source;
use super::{bin_legacy, bin_zip};

/// The position of the magic string in a tar archive.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

/// The tensors in a file written by `torch.save`. The first bytes determine the format, as in torch. Does not read the data of tensors.
pub(super) fn entries(source: &Source, file: usize) -> Result<Vec<Entry>> {
    let head = source.head(512)?;
    if head.starts_with(b"PK\x03\x04") {
        return bin_zip::entries(source, file);
    }
    if bin_legacy::has_magic_number(&head) {
        return bin_legacy::entries(source, file);
    }
    let reason = if head.get(TAR_MAGIC) == Some(b"ustar") {
        "has the tar format of torch before 0.1.10, which is not supported: load it in Python and save it again"
    } else if head.starts_with(&[0x80]) {
        "is a pickle, but not one that torch.save wrote"
    } else {
        "was not written by torch.save: it is neither a zip archive nor in torch's older format"
    };
    Err(malformed(&source.path, reason))
}
