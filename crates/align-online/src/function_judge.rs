use align_data::CompletionExample;
use align_data::chat::Message;
use align_inference::{Error, Judge, Result, completion_text};
use align_rewards::{RewardFunction, RewardInput};
use serde_json::Value;
use std::cell::RefCell;

/// A [`RewardFunction`] as a judge. It sees a prompt and its completion apart; the prompt of a conversation is the contents of its messages,
/// a line each, beside the messages themselves.
#[derive(Debug)]
pub struct FunctionJudge {
    function: RefCell<Box<dyn RewardFunction>>,
    identity: String,
}

impl FunctionJudge {
    /// A judge whose scores are the rewards of `function`. `identity` says what the function is, such as its
    /// [`RewardSpec`](align_rewards::RewardSpec) as text.
    #[must_use]
    pub fn new(function: Box<dyn RewardFunction>, identity: impl Into<String>) -> Self {
        Self { function: RefCell::new(function), identity: identity.into() }
    }
}

impl Judge for FunctionJudge {
    fn scores_of_texts(&self, texts: &[&str]) -> Result<Vec<f64>> {
        let rows: Vec<_> =
            texts.iter().map(|text| CompletionExample::Plain((String::new(), (*text).to_owned()))).collect();
        self.scores_of_rows(&rows)
    }

    fn scores_of_rows(&self, rows: &[CompletionExample]) -> Result<Vec<f64>> {
        let missing = |place: usize| {
            let name = &self.identity;
            let place = place + 1;
            Error::Input(format!("the reward function {name} gives no reward to text {place}: let it give a number"))
        };
        let rewards = self.optional_scores_of_rows(rows)?.into_iter().enumerate();
        rewards.map(|(place, reward)| reward.ok_or_else(|| missing(place))).collect()
    }

    fn optional_scores_of_rows(&self, rows: &[CompletionExample]) -> Result<Vec<Option<f64>>> {
        let prompts: Vec<(String, Option<Vec<Value>>)> = rows.iter().map(prompt).collect();
        let inputs: Vec<RewardInput> = rows
            .iter()
            .zip(&prompts)
            .map(|(row, (prompt, messages))| RewardInput {
                prompt,
                completion: completion_text(row),
                messages: messages.as_deref(),
            })
            .collect();
        self.function.borrow_mut().rewards(&inputs).map_err(|e| Error::Input(e.to_string()))
    }

    fn score_name(&self) -> String {
        self.function.borrow().name().to_owned()
    }

    fn identity(&self) -> Result<Value> {
        Ok(self.identity.clone().into())
    }
}

/// The text of a row's prompt, and its messages if it is a conversation.
fn prompt(row: &CompletionExample) -> (String, Option<Vec<Value>>) {
    match row {
        CompletionExample::Plain((prompt, _)) => (prompt.clone(), None),
        CompletionExample::Conversation(row) => {
            let text = row.prompt.iter().filter_map(Message::content).collect::<Vec<_>>().join("\n");
            let messages = row.prompt.iter().filter_map(|message| serde_json::to_value(message).ok()).collect();
            (text, Some(messages))
        }
    }
}
