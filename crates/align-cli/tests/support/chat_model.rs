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

/// Writes a tiny chat model without a limit of its length to the folder `long-chat-model` of `dir`.
pub fn write_long_chat_model(dir: &Path) {
    let model = dir.join("long-chat-model");
    std::fs::create_dir(&model).unwrap();
    for entry in std::fs::read_dir(golden_path("models/llama-tiny")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), model.join(entry.file_name())).unwrap();
    }
    std::fs::copy(golden_path("models/llama-tiny-dynamic/config.json"), model.join("config.json")).unwrap();
}
