use align_data::judges::{JudgedPrompt, JudgedTexts};
use align_metrics::JudgeAgreement;

/// The texts, and how far the judges agree about them.
pub struct Found<'a> {
    pub texts: &'a JudgedTexts,
    pub prompts: &'a [JudgedPrompt],
    pub agreement: JudgeAgreement,
}

impl Found<'_> {
    /// A prompt.
    pub fn prompt(&self, prompt: usize) -> Option<&str> {
        self.prompts.get(prompt).map(JudgedPrompt::prompt)
    }

    /// A text of a prompt.
    pub fn text(&self, prompt: usize, text: usize) -> Option<&str> {
        self.prompts.get(prompt)?.texts().get(text).map(String::as_str)
    }
}
