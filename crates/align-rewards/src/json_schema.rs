use crate::json_text;
use crate::reward_function::yes_or_no;
use crate::{Error, Result, RewardFunction, RewardInput};
use align_base::files::read_file;
use jsonschema::Validator;
use serde_json::Value;
use std::fmt;
use std::path::Path;

/// Bytes that a schema file may have.
const MAX_SCHEMA_BYTES: u64 = 1 << 20;

/// 1 for completions that are a single JSON value which a JSON schema accepts, otherwise 0.
///
/// The schema says by `$schema` which draft it follows; without it, the newest is taken. It may refer to its own parts, but not to other
/// files or to the network.
///
/// ```
/// use align_rewards::{JsonSchemaReward, RewardFunction, RewardInput};
/// use serde_json::json;
/// let schema = json!({"type": "object", "required": ["age"], "properties": {"age": {"type": "integer", "minimum": 0}}});
/// let mut person = JsonSchemaReward::new("person", &schema)?;
/// let inputs = [r#"{"age": 7}"#, r#"{"age": -7}"#].map(|text| RewardInput::new("How old is she?", text));
/// assert_eq!(person.rewards(&inputs)?, [Some(1.0), Some(0.0)]);
/// # Ok::<(), align_rewards::Error>(())
/// ```
pub struct JsonSchemaReward {
    name: String,
    validator: Validator,
}

impl fmt::Debug for JsonSchemaReward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonSchemaReward").field("name", &self.name).finish_non_exhaustive()
    }
}

impl JsonSchemaReward {
    /// Creates the function.
    ///
    /// # Errors
    /// A value that is no JSON schema, or one that refers to other documents.
    pub fn new(name: &str, schema: &Value) -> Result<Self> {
        let validator = jsonschema::options().build(schema).map_err(|problem| {
            let reason = format!("the JSON schema cannot be used at {:?}: {problem}", problem.instance_path().as_str());
            Error::Spec { spec: name.to_owned(), reason }
        })?;
        Ok(Self { name: name.to_owned(), validator })
    }

    /// Creates the function from a JSON file.
    ///
    /// # Errors
    /// A file that cannot be read, is larger than 1 MiB, or has no JSON schema.
    pub fn from_file(name: &str, path: &Path) -> Result<Self> {
        let fail = |reason: String| Error::File { path: path.to_owned(), reason };
        let bytes = read_file(path, MAX_SCHEMA_BYTES).map_err(|problem| fail(problem.to_string()))?;
        let schema: Value =
            serde_json::from_slice(&bytes).map_err(|problem| fail(format!("it is no JSON: {problem}")))?;
        Self::new(name, &schema).map_err(|problem| match problem {
            Error::Spec { reason, .. } => fail(reason),
            other => other,
        })
    }
}

impl RewardFunction for JsonSchemaReward {
    fn name(&self) -> &str {
        &self.name
    }

    fn rewards(&mut self, inputs: &[RewardInput<'_>]) -> Result<Vec<Option<f64>>> {
        Ok(yes_or_no(inputs, |text| json_text::value(text).is_some_and(|value| self.validator.is_valid(&value))))
    }
}
