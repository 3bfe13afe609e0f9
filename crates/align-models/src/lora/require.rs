use crate::{Error, Result};

/// An option that must hold to something.
pub(super) fn require(option: &'static str, holds: bool, reason: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::LoraOption { option, reason: reason() }) }
}
