use crate::{HubError, Result};
use std::fmt;

/// An access token for the hub. `Debug`, errors and logs never show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    secret: String,
}

impl Token {
    /// Parses a token and trims white space; `None` if nothing is left. `origin` describes the source of the token in
    /// errors.
    ///
    /// # Errors
    ///
    /// If it contains characters that no token has, such as a line break.
    pub fn parse(text: &str, origin: &str) -> Result<Option<Self>> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let wrong = "contains white space, a line break or another character that no token has";
            return Err(HubError::Token { origin: origin.to_owned(), wrong });
        }
        Ok(Some(Self { secret: text.to_owned() }))
    }

    /// The value of the Authorization header.
    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.secret)
    }

    /// Replaces the token in `text`, in case a server returns it.
    pub(crate) fn redact_in(&self, text: &str) -> String {
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
    fn tokens_are_trimmed_validated_and_never_shown() {
        let token = Token::parse(" hf_secret\r\n", "HF_TOKEN").unwrap().unwrap();
        assert_eq!(token.header(), "Bearer hf_secret");
        assert_eq!(format!("{token:?}"), "Token(***)");
        assert_eq!(token.redact_in("you sent hf_secret!"), "you sent ***!");
        assert_eq!(Token::parse(" \n", "HF_TOKEN").unwrap(), None);
        let error = Token::parse("hf_se\ncret", "HF_TOKEN").unwrap_err().to_string();
        assert!(error.contains("from HF_TOKEN contains white space"), "{error}");
        assert!(!error.contains("cret\n") && !error.contains("hf_se"), "{error}");
        assert!(Token::parse("hf_sécret", "HF_TOKEN").is_err());
    }
}
