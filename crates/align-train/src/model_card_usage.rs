//! The section of a model card that shows how to use the model.

use crate::TrainingTask;
use std::fmt;

/// Stands for the folder of a model that is not on the hub.
const FOLDER: &str = "path/to/model";

/// How the model is used: by transformers or peft, by the program `align`, and by its Rust API.
pub(crate) struct Usage<'a> {
    pub task: TrainingTask,
    pub adapter: bool,
    /// The repository of the model on the hub.
    pub hub_model_id: Option<&'a str>,
}

impl fmt::Display for Usage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.hub_model_id.unwrap_or(FOLDER);
        writeln!(f, "## Usage\n")?;
        if self.hub_model_id.is_none() {
            writeln!(f, "`{FOLDER}` is the folder of this file.\n")?;
        }
        let code = |language: &str, code: &str| format!("```{language}\n{}\n```\n", code.replace(FOLDER, name));
        let (library, python, command, rust) = match self.task {
            TrainingTask::Classification => ("transformers", PYTHON_CLASSIFIER, COMMAND_CLASSIFIER, RUST_CLASSIFIER),
            _ if self.adapter => ("peft", PYTHON_ADAPTER, COMMAND_LANGUAGE_MODEL, RUST_LANGUAGE_MODEL),
            _ => ("transformers", PYTHON_LANGUAGE_MODEL, COMMAND_LANGUAGE_MODEL, RUST_LANGUAGE_MODEL),
        };
        writeln!(f, "With {library}:\n\n{}", code("python", python))?;
        writeln!(f, "With the program `align`:\n\n{}", code("sh", command))?;
        writeln!(f, "With the Rust crate `align`:\n\n{}", code("rust", rust))
    }
}

const PYTHON_LANGUAGE_MODEL: &str = r#"from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/model")
model = AutoModelForCausalLM.from_pretrained("path/to/model")
inputs = tokenizer("The film was", return_tensors="pt")
outputs = model.generate(**inputs, do_sample=True, max_new_tokens=50)
print(tokenizer.decode(outputs[0], skip_special_tokens=True))"#;

const PYTHON_ADAPTER: &str = r#"from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/model")
model = AutoPeftModelForCausalLM.from_pretrained("path/to/model")
inputs = tokenizer("The film was", return_tensors="pt")
outputs = model.generate(**inputs, do_sample=True, max_new_tokens=50)
print(tokenizer.decode(outputs[0], skip_special_tokens=True))"#;

const PYTHON_CLASSIFIER: &str = r#"from transformers import pipeline

classifier = pipeline("text-classification", model="path/to/model")
print(classifier(["A fine film.", "A dull film."]))"#;

const COMMAND_LANGUAGE_MODEL: &str =
    r#"align generate --model path/to/model --prompt "The film was" --do-sample --max-new-tokens 50"#;

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

const RUST_CLASSIFIER: &str = r#"use align::prelude::*;

let score = "probability:1".parse()?;
let classifier = RewardModel::load("path/to/model", Some(&score), Kind::Float, Device::Cpu)?;
println!("{:?}", classifier.scores(&["A fine film.", "A dull film."])?);"#;
