use align_data::chat::{ChatTemplate, Message, RenderOptions};
use align_data::tables::Examples;
use align_data::{CompletionExample, Completions, PairExample, PreferencePairs, Texts, Tokenizer, UnpairedExample};
use align_hub::{Hub, HubConfig};
use align_models::checkpoint::Checkpoint;
use align_models::generation::{Generation, GenerationConfig};
use align_models::{DistilBertConfig, Gpt2Config, LlamaFamilyConfig, LoraConfig};
use std::fmt::Display;
use std::path::Path;

/// The result of a reader. The error is its message.
type ReadResult = Result<(), String>;

/// A reader of one file format.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The reader's name, which is also its corpus folder.
    pub name: &'static str,
    /// Whether our own code does the parsing. The parsers of libraries (CSV, Parquet, tokenizer.json) may use more
    /// memory.
    pub own_parser: bool,
    /// The file name in the reader's folder.
    pub file: &'static str,
    /// Additional files in the folder: their name, and their source in the corpus.
    pub extra_files: &'static [(&'static str, &'static str)],
    /// Reads the file.
    pub read: fn(&Path) -> ReadResult,
}

const MERGES: (&str, &str) = ("merges.txt", "merges/merges.txt");
const VOCAB_JSON: (&str, &str) = ("vocab.json", "vocab_json/vocab.json");

/// A file in the cached model's only commit.
macro_rules! snapshot {
    ($name:literal) => {
        concat!("models--user--name/snapshots/0123456789abcdef0123456789abcdef01234567/", $name)
    };
}

const fn own_reader(name: &'static str, file: &'static str, read: fn(&Path) -> ReadResult) -> Reader {
    Reader { name, own_parser: true, file, extra_files: &[], read }
}

const fn library_reader(name: &'static str, file: &'static str, read: fn(&Path) -> ReadResult) -> Reader {
    Reader { name, own_parser: false, file, extra_files: &[], read }
}

/// All readers.
pub const READERS: [Reader; 22] = [
    own_reader("safetensors", "model.safetensors", checkpoint),
    Reader {
        extra_files: &[("shard.safetensors", "safetensors/gpt2.safetensors")],
        ..own_reader("index", "model.safetensors.index.json", checkpoint)
    },
    own_reader("bin_zip", "pytorch_model.bin", checkpoint),
    own_reader("bin_legacy", "pytorch_model.bin", checkpoint),
    own_reader("gguf", "model.gguf", gguf),
    library_reader("gguf_tokenizer", "model.gguf", tokenizer_at),
    own_reader("config", "config.json", config),
    own_reader("generation_config", "generation_config.json", generation_config),
    // The regex crate compiles its expressions.
    library_reader("adapter_config", "adapter_config.json", adapter_config),
    // serde_json parses the messages that a text column may hold.
    library_reader("jsonl", "table.jsonl", table),
    library_reader("json_array", "table.json", table),
    Reader {
        extra_files: &[
            ("models--user--name/refs/main", "hub_index/commit"),
            (snapshot!("config.json"), "config/gpt2.json"),
            (snapshot!("shard.safetensors"), "safetensors/gpt2.safetensors"),
        ],
        ..own_reader("hub_index", snapshot!("model.safetensors.index.json"), hub_index)
    },
    own_reader("model_name", "name.txt", model_name),
    Reader { extra_files: &[VOCAB_JSON], ..library_reader("merges", "merges.txt", tokenizer) },
    Reader { extra_files: &[MERGES], ..library_reader("vocab_json", "vocab.json", tokenizer) },
    library_reader("vocab_txt", "vocab.txt", tokenizer),
    Reader {
        extra_files: &[VOCAB_JSON, MERGES],
        ..library_reader("tokenizer_config", "tokenizer_config.json", tokenizer)
    },
    library_reader("tokenizer_json", "tokenizer.json", tokenizer),
    library_reader("chat_template", "chat_template.jinja", chat_template),
    library_reader("csv", "table.csv", table),
    library_reader("parquet", "table.parquet", table),
    library_reader("nested_columns", "rows.jsonl", nested_columns),
];

fn message(problem: impl Display) -> String {
    problem.to_string()
}

/// Reads all tensors of the checkpoint.
fn checkpoint(file: &Path) -> ReadResult {
    all_tensors(&Checkpoint::open(file.parent().unwrap_or(file)).map_err(message)?)
}

fn all_tensors(checkpoint: &Checkpoint) -> ReadResult {
    for entry in checkpoint.entries() {
        let tensor = checkpoint.read(entry.name()).map_err(message)?;
        if tensor.size() != entry.shape() {
            return Err(format!("{} has shape {:?}, its entry says {:?}", entry.name(), tensor.size(), entry.shape()));
        }
    }
    Ok(())
}

/// Reads the config and all tensors of a GGUF file.
fn gguf(file: &Path) -> ReadResult {
    let config = Gpt2Config::from_pretrained(file).map(|_| ());
    let config = config.or_else(|gpt2| {
        LlamaFamilyConfig::from_pretrained(file).map(|_| ()).map_err(|llama| format!("{gpt2}; {llama}"))
    });
    all_tensors(&Checkpoint::open(file).map_err(message)?)?;
    config
}

fn config(file: &Path) -> ReadResult {
    let folder = file.parent().unwrap_or(file);
    Gpt2Config::from_pretrained(folder).map(|_| ()).or_else(|gpt2| {
        let distilbert = DistilBertConfig::from_pretrained(folder).map(|_| ());
        distilbert.map_err(|distilbert| format!("{gpt2}; {distilbert}"))
    })
}

/// Reads the options and checks them.
fn generation_config(file: &Path) -> ReadResult {
    let config = GenerationConfig::from_pretrained(file.parent().unwrap_or(file)).map_err(message)?;
    Generation::new(config).map(|_| ()).map_err(message)
}

fn adapter_config(file: &Path) -> ReadResult {
    LoraConfig::from_pretrained(file.parent().unwrap_or(file)).map(|_| ()).map_err(message)
}

/// Reads the file as each kind of table.
fn table(file: &Path) -> ReadResult {
    let texts = Texts::read(file).map(|_| ());
    let pairs = PreferencePairs::read(file).map(|_| ());
    let completions = Completions::read(file).map(|_| ());
    texts.or(pairs).or(completions).map_err(message)
}

/// Reads the file as rows of conversations of each kind. A Parquet file is told by its first bytes.
fn nested_columns(file: &Path) -> ReadResult {
    let bytes = std::fs::read(file).map_err(message)?;
    let file = match bytes.starts_with(b"PAR1") {
        true => {
            let parquet = file.with_extension("parquet");
            std::fs::write(&parquet, bytes).map_err(message)?;
            parquet
        }
        false => file.to_owned(),
    };
    let pairs = Examples::<PairExample>::read(&file).map(|_| ());
    let labelled = Examples::<UnpairedExample>::read(&file).map(|_| ());
    let completions = Examples::<CompletionExample>::read(&file).map(|_| ());
    pairs.or(labelled).or(completions).map_err(message)
}

fn tokenizer(file: &Path) -> ReadResult {
    tokenizer_at(file.parent().unwrap_or(file))
}

fn tokenizer_at(path: &Path) -> ReadResult {
    let tokenizer = Tokenizer::from_pretrained(path).map_err(message)?;
    let ids = tokenizer.encode("a film about abc\u{0} 🎬", true).map_err(message)?;
    tokenizer.decode(&ids, false).map(|_| ()).map_err(message)
}

/// Applies a template to the messages in its file's first line.
fn chat_template(file: &Path) -> ReadResult {
    let bytes = std::fs::read(file).map_err(message)?;
    let text = String::from_utf8_lossy(&bytes);
    let (messages, source) = text.split_once('\n').unwrap_or(("", &text));
    let messages = serde_json::from_str::<Vec<serde_json::Value>>(messages).unwrap_or_default();
    let mut messages = messages.into_iter().map(Message::from_json).collect::<Result<Vec<_>, _>>().unwrap_or_default();
    if messages.is_empty() {
        messages.push(Message::new("user", "Hi"));
    }
    let tokens = [("bos_token", "<s>"), ("eos_token", "</s>")].map(|(name, token)| (name.to_owned(), token.into()));
    let template = ChatTemplate::new(source, file, tokens.into_iter().collect()).map_err(message)?;
    let tools = serde_json::json!([{"type": "function", "function": {"name": "find", "parameters": {}}}]);
    let options = RenderOptions { add_generation_prompt: true, tools: Some(&tools), ..RenderOptions::default() };
    let prompt = template.render(&messages, &options).map_err(message);
    let options = RenderOptions { continue_final_message: true, ..RenderOptions::default() };
    let continued = template.render(&messages, &options).map_err(message);
    for chat in [&prompt, &continued].into_iter().flatten() {
        assert!(
            chat.assistant_spans.iter().all(|span| chat.text.get(span.clone()).is_some()),
            "a span is not in the text"
        );
    }
    prompt.or(continued).map(|_| ())
}

/// Loads a sharded model from the hub's cache, with the file as its weight index.
fn hub_index(file: &Path) -> ReadResult {
    let cache = file.ancestors().nth(4).unwrap_or(file);
    let config = HubConfig { offline: true, ..HubConfig::new(cache) };
    let model = "user/name".parse().map_err(message)?;
    Hub::new(config).and_then(|hub| hub.download_model(&model, &mut |_| {})).map(|_| ()).map_err(message)
}

fn model_name(file: &Path) -> ReadResult {
    let bytes = std::fs::read(file).map_err(message)?;
    String::from_utf8_lossy(&bytes).parse::<align_hub::ModelName>().map(|_| ()).map_err(message)
}
