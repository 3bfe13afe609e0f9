use crate::check::Check;
use crate::{Error, Result};
use std::str::FromStr;

impl FromStr for Check {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|check| check.name() == name);
        found.copied().ok_or_else(|| Error::UnknownCheck { name: name.to_owned() })
    }
}
