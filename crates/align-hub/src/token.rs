use crate::{HubError, Result};
use std::fmt;

/// An access token of the hub. It is never shown: not by `Debug`, not in errors, not in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    secret: String,
}

impl Token {
    /// The token in `text`, without surrounding white space; `None` when nothing is left. `origin` is what errors call
    /// the place it came from.
    ///
    /// # Errors
    ///
    /// If it holds something that no token holds, such as a line break in the middle.
    pub fn parse(text: &str, origin: &str) -> Result<Option<Self>> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let wrong = "holds white space, a line break or a character that no token has";
            return Err(HubError::Token { origin: origin.to_owned(), wrong });
        }
        Ok(Some(Self { secret: text.to_owned() }))
    }

    /// The value of the header that proves who asks.
    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.secret)
    }

    /// `text` without the token, should a server have sent it back.
    pub(crate) fn hide_in(&self, text: &str) -> String {
        text.replace(&self.secret, "***")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn trimmed_or_refused_and_never_shown() {
        let token = Token::parse(" hf_secret\r\n", "HF_TOKEN").unwrap().unwrap();
        assert_eq!(token.header(), "Bearer hf_secret");
        assert_eq!(format!("{token:?}"), "Token(***)");
        assert_eq!(token.hide_in("you sent hf_secret!"), "you sent ***!");
        assert_eq!(Token::parse(" \n", "HF_TOKEN").unwrap(), None);
        let error = Token::parse("hf_se\ncret", "HF_TOKEN").unwrap_err().to_string();
        assert!(error.contains("from HF_TOKEN holds white space"), "{error}");
        assert!(!error.contains("cret\n") && !error.contains("hf_se"), "{error}");
        assert!(Token::parse("hf_sécret", "HF_TOKEN").is_err());
    }
}
