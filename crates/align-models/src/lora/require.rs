use crate::{Error, Result};

/// Fails with an error for `option` unless `holds`.
pub(super) fn require(option: &'static str, holds: bool, reason: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::LoraOption { option, reason: reason() }) }
}
