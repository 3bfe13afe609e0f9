//! A tiny chat model.

use crate::support::golden_path;
use std::path::Path;

/// Writes the tests' tiny GPT-2 with a chat template to the folder `chat-model` of `dir`.
pub fn write_chat_model(dir: &Path) {
    let model = dir.join("chat-model");
    std::fs::create_dir(&model).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(format!("{}/{file}", golden_path("models/gpt2-tiny")), model.join(file)).unwrap();
    }
    let template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}\
                    {% if add_generation_prompt %}assistant:{% endif %}";
    std::fs::write(model.join("chat_template.jinja"), template).unwrap();
}
