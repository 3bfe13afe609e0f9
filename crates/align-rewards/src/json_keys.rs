use crate::json_text::object;
use crate::reward_function::yes_or_no;
use crate::{Error, Result, RewardFunction, RewardInput};

/// 1 for completions that are a single JSON object with given keys, otherwise 0. Other keys may be there too, and values are not
/// looked at: a JSON schema can forbid keys and describe values. Text around the object, such as a code fence, gives 0.
///
/// ```
/// use align_rewards::{JsonKeysReward, RewardFunction, RewardInput};
/// let mut keys = JsonKeysReward::new("keys", ["answer"])?;
/// let inputs = [r#"{"answer": null}"#, r#"{"reply": 4}"#, "four"].map(|text| RewardInput::new("2 + 2?", text));
/// assert_eq!(keys.rewards(&inputs)?, [Some(1.0), Some(0.0), Some(0.0)]);
/// # Ok::<(), align_rewards::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonKeysReward {
    name: String,
    keys: Vec<String>,
}

impl JsonKeysReward {
    /// Creates the function. Without keys, any JSON object has the reward 1.
    ///
    /// # Errors
    /// An empty key, or the same key twice.
    pub fn new<K: Into<String>>(name: &str, keys: impl IntoIterator<Item = K>) -> Result<Self> {
        let fail = |reason: String| Err(Error::Spec { spec: name.to_owned(), reason });
        let mut all: Vec<String> = Vec::new();
        for key in keys {
            let key: String = key.into();
            if key.is_empty() {
                return fail("a key is empty: give keys with commas between them".into());
            }
            if all.contains(&key) {
                return fail(format!("the key {key:?} is there twice"));
            }
            all.push(key);
        }
        Ok(Self { name: name.to_owned(), keys: all })
    }
}

impl RewardFunction for JsonKeysReward {
    fn name(&self) -> &str {
        &self.name
    }

    fn rewards(&mut self, inputs: &[RewardInput<'_>]) -> Result<Vec<Option<f64>>> {
        let accepts =
            |text: &str| object(text).is_some_and(|fields| self.keys.iter().all(|key| fields.contains_key(key)));
        Ok(yes_or_no(inputs, accepts))
    }
}
