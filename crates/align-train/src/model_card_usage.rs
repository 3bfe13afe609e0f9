//! The section of a model card that shows how to use the model.

use crate::TrainingTask;
use std::fmt;

/// Stands for the folder of a model that is not on the hub.
const FOLDER: &str = "path/to/model";

/// Stands for the folder of a base model that is not on the hub.
const BASE_FOLDER: &str = "path/to/base-model";

/// How the model is used: by transformers or peft, by the program `align`, and by its Rust API.
pub(crate) struct Usage<'a> {
    pub task: TrainingTask,
    /// The repository of the model on the hub.
    pub hub_model_id: Option<&'a str>,
    /// If the model is an adapter, its base model.
    pub base: Option<BaseModel<'a>>,
}

/// The base model of an adapter: its repository on the hub, if it has one. Only then does the adapter name it.
pub(crate) struct BaseModel<'a>(pub Option<&'a str>);

impl fmt::Display for Usage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Usage\n")?;
        if self.hub_model_id.is_none() {
            writeln!(f, "`{FOLDER}` is the folder of this file.\n")?;
        }
        let library = if self.base.is_some() { "peft" } else { "transformers" };
        let [python, command, rust] = self.examples();
        writeln!(f, "With {library}:\n\n{}", self.code("python", python))?;
        writeln!(f, "With the program `align`:\n\n{}", self.code("sh", command))?;
        writeln!(f, "With the Rust crate `align`:\n\n{}", self.code("rust", rust))
    }
}

impl Usage<'_> {
    /// The examples in Python, for the command line and in Rust.
    fn examples(&self) -> [&'static str; 3] {
        match (self.task, &self.base) {
            (TrainingTask::Classification, _) => [PYTHON_CLASSIFIER, COMMAND_CLASSIFIER, RUST_CLASSIFIER],
            (TrainingTask::RewardModelling, None) => [PYTHON_REWARD_MODEL, COMMAND_REWARD_MODEL, RUST_REWARD_MODEL],
            (TrainingTask::RewardModelling, Some(_)) => {
                [PYTHON_REWARD_ADAPTER, COMMAND_REWARD_MODEL, RUST_REWARD_MODEL]
            }
            (_, None) => [PYTHON_LANGUAGE_MODEL, COMMAND_LANGUAGE_MODEL, RUST_LANGUAGE_MODEL],
            (_, Some(BaseModel(Some(_)))) => [PYTHON_ADAPTER, COMMAND_LANGUAGE_MODEL, RUST_LANGUAGE_MODEL],
            (_, Some(BaseModel(None))) => [PYTHON_ADAPTER, COMMAND_ADAPTER, RUST_ADAPTER],
        }
    }

    /// A block of code with the model's names in place of the folders.
    fn code(&self, language: &str, code: &str) -> String {
        let base = self.base.as_ref().and_then(|base| base.0).unwrap_or(BASE_FOLDER);
        let code = code.replace(BASE_FOLDER, base).replace(FOLDER, self.hub_model_id.unwrap_or(FOLDER));
        format!("```{language}\n{code}\n```\n")
    }
}

const PYTHON_LANGUAGE_MODEL: &str = r#"from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/model")
model = AutoModelForCausalLM.from_pretrained("path/to/model")
inputs = tokenizer("The film was", return_tensors="pt")
outputs = model.generate(**inputs, do_sample=True, max_new_tokens=50)
print(tokenizer.decode(outputs[0], skip_special_tokens=True))"#;

const PYTHON_ADAPTER: &str = r#"from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/model")
base = AutoModelForCausalLM.from_pretrained("path/to/base-model")
model = PeftModel.from_pretrained(base, "path/to/model")
inputs = tokenizer("The film was", return_tensors="pt")
outputs = model.generate(**inputs, do_sample=True, max_new_tokens=50)
print(tokenizer.decode(outputs[0], skip_special_tokens=True))"#;

const PYTHON_CLASSIFIER: &str = r#"from transformers import pipeline

classifier = pipeline("text-classification", model="path/to/model")
print(classifier(["A fine film.", "A dull film."]))"#;

const PYTHON_REWARD_MODEL: &str = r#"from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/model")
model = AutoModelForSequenceClassification.from_pretrained("path/to/model")
inputs = tokenizer("A fine film." + (tokenizer.eos_token or ""), return_tensors="pt")
print(model(**inputs).logits[0, 0].item())"#;

const PYTHON_REWARD_ADAPTER: &str = r#"from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/model")
base = AutoModelForSequenceClassification.from_pretrained("path/to/base-model", num_labels=1)
model = PeftModel.from_pretrained(base, "path/to/model")
inputs = tokenizer("A fine film." + (tokenizer.eos_token or ""), return_tensors="pt")
print(model(**inputs).logits[0, 0].item())"#;

const COMMAND_REWARD_MODEL: &str = "align classify --model path/to/model --input texts.csv --output scored.csv";

const RUST_REWARD_MODEL: &str = r#"use align::prelude::*;

let rewards = RewardModel::load("path/to/model", None, Kind::Float, Device::Cpu)?;
println!("{:?}", rewards.scores(&["A fine film.", "A dull film."])?);"#;

const COMMAND_LANGUAGE_MODEL: &str =
    r#"align generate --model path/to/model --prompt "The film was" --do-sample --max-new-tokens 50"#;

const COMMAND_ADAPTER: &str = r#"align merge-adapter --model path/to/base-model --adapter path/to/model --output-dir merged
align generate --model merged --prompt "The film was" --do-sample --max-new-tokens 50"#;

const COMMAND_CLASSIFIER: &str =
    "align classify --model path/to/model --score probability:1 --input texts.csv --output scored.csv";

const RUST_LANGUAGE_MODEL: &str = r#"use align::prelude::*;

let folder = ModelResolver::default().folder("path/to/model")?;
let model = AutoModelForCausalLm::from_pretrained(&folder, Kind::Float, Device::Cpu)?;
let tokenizer = Tokenizer::from_pretrained(&folder)?;
let sampling = GenerationConfig { do_sample: true, max_new_tokens: Some(50), ..Default::default() };
let generation = Generation::new(sampling)?;
for text in generate_texts(model.as_ref(), &tokenizer, &["The film was"], 1, &generation, None)? {
    println!("{}", text.text);
}"#;

/// Of the folder that [`COMMAND_ADAPTER`] writes.
const RUST_ADAPTER: &str = r#"use align::prelude::*;

let model = AutoModelForCausalLm::from_pretrained("merged".as_ref(), Kind::Float, Device::Cpu)?;
let tokenizer = Tokenizer::from_pretrained("merged")?;
let sampling = GenerationConfig { do_sample: true, max_new_tokens: Some(50), ..Default::default() };
let generation = Generation::new(sampling)?;
for text in generate_texts(model.as_ref(), &tokenizer, &["The film was"], 1, &generation, None)? {
    println!("{}", text.text);
}"#;

const RUST_CLASSIFIER: &str = r#"use align::prelude::*;

let score = "probability:1".parse()?;
let classifier = RewardModel::load("path/to/model", Some(&score), Kind::Float, Device::Cpu)?;
println!("{:?}", classifier.scores(&["A fine film.", "A dull film."])?);"#;
