use align_data::{Completions, PreferencePairs, Texts, Tokenizer};
use align_hub::{Hub, HubConfig};
use align_models::checkpoint::Checkpoint;
use align_models::generation::{Generation, GenerationConfig};
use align_models::{DistilBertConfig, Gpt2Config, LoraConfig};
use std::fmt::Display;
use std::path::Path;

/// What a reader answers: nothing, or the words of its error.
type Answer = Result<(), String>;

/// A reader and the file that it reads.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Whether the parsing is our own; a library's parser (CSV, Parquet, tokenizer.json) may take more memory.
    pub own: bool,
    /// The file's name in the reader's folder.
    pub file: &'static str,
    /// Files that stand beside it: name, and reader and file in the corpus.
    pub beside: &'static [(&'static str, &'static str)],
    /// Reads the folder's file.
    pub read: fn(&Path) -> Answer,
}

const MERGES: (&str, &str) = ("merges.txt", "merges/merges.txt");
const VOCAB_JSON: (&str, &str) = ("vocab.json", "vocab_json/vocab.json");

/// A file of the cached model's only commit.
macro_rules! snapshot {
    ($name:literal) => {
        concat!("models--user--name/snapshots/0123456789abcdef0123456789abcdef01234567/", $name)
    };
}

const fn own(name: &'static str, file: &'static str, read: fn(&Path) -> Answer) -> Reader {
    Reader { name, own: true, file, beside: &[], read }
}

const fn of_a_library(name: &'static str, file: &'static str, read: fn(&Path) -> Answer) -> Reader {
    Reader { name, own: false, file, beside: &[], read }
}

/// Every reader.
pub const READERS: [Reader; 17] = [
    own("safetensors", "model.safetensors", checkpoint),
    Reader {
        beside: &[("shard.safetensors", "safetensors/gpt2.safetensors")],
        ..own("index", "model.safetensors.index.json", checkpoint)
    },
    own("bin_zip", "pytorch_model.bin", checkpoint),
    own("bin_legacy", "pytorch_model.bin", checkpoint),
    own("config", "config.json", config),
    own("generation_config", "generation_config.json", generation_config),
    // Its expressions are compiled by the regex crate.
    of_a_library("adapter_config", "adapter_config.json", adapter_config),
    own("jsonl", "table.jsonl", table),
    Reader {
        beside: &[
            ("models--user--name/refs/main", "hub_index/commit"),
            (snapshot!("config.json"), "config/gpt2.json"),
            (snapshot!("shard.safetensors"), "safetensors/gpt2.safetensors"),
        ],
        ..own("hub_index", snapshot!("model.safetensors.index.json"), hub_index)
    },
    own("model_name", "name.txt", model_name),
    Reader { beside: &[VOCAB_JSON], ..of_a_library("merges", "merges.txt", tokenizer) },
    Reader { beside: &[MERGES], ..of_a_library("vocab_json", "vocab.json", tokenizer) },
    of_a_library("vocab_txt", "vocab.txt", tokenizer),
    Reader { beside: &[VOCAB_JSON, MERGES], ..of_a_library("tokenizer_config", "tokenizer_config.json", tokenizer) },
    of_a_library("tokenizer_json", "tokenizer.json", tokenizer),
    of_a_library("csv", "table.csv", table),
    of_a_library("parquet", "table.parquet", table),
];

fn words(problem: impl Display) -> String {
    problem.to_string()
}

/// Opens the checkpoint and reads every tensor of it.
fn checkpoint(file: &Path) -> Answer {
    let checkpoint = Checkpoint::open(file.parent().unwrap_or(file)).map_err(words)?;
    for entry in checkpoint.entries() {
        let tensor = checkpoint.read(entry.name()).map_err(words)?;
        if tensor.size() != entry.shape() {
            return Err(format!("{} has shape {:?}, its entry says {:?}", entry.name(), tensor.size(), entry.shape()));
        }
    }
    Ok(())
}

fn config(file: &Path) -> Answer {
    let folder = file.parent().unwrap_or(file);
    Gpt2Config::from_pretrained(folder).map(|_| ()).or_else(|gpt2| {
        let distilbert = DistilBertConfig::from_pretrained(folder).map(|_| ());
        distilbert.map_err(|distilbert| format!("{gpt2}; {distilbert}"))
    })
}

/// Reads the options, and checks that they go together.
fn generation_config(file: &Path) -> Answer {
    let config = GenerationConfig::from_pretrained(file.parent().unwrap_or(file)).map_err(words)?;
    Generation::new(config).map(|_| ()).map_err(words)
}

fn adapter_config(file: &Path) -> Answer {
    LoraConfig::from_pretrained(file.parent().unwrap_or(file)).map(|_| ()).map_err(words)
}

/// Reads the file as each of the tables.
fn table(file: &Path) -> Answer {
    let texts = Texts::read(file).map(|_| ());
    let pairs = PreferencePairs::read(file).map(|_| ());
    let completions = Completions::read(file).map(|_| ());
    texts.or(pairs).or(completions).map_err(words)
}

fn tokenizer(file: &Path) -> Answer {
    let tokenizer = Tokenizer::from_pretrained(file.parent().unwrap_or(file)).map_err(words)?;
    let ids = tokenizer.encode("a film about abc\u{0} 🎬", true).map_err(words)?;
    tokenizer.decode(&ids, false).map(|_| ()).map_err(words)
}

/// Looks a sharded model up in the hub's cache, whose index the file is.
fn hub_index(file: &Path) -> Answer {
    let cache = file.ancestors().nth(4).unwrap_or(file);
    let config = HubConfig { offline: true, ..HubConfig::new(cache) };
    let model = "user/name".parse().map_err(words)?;
    Hub::new(config).and_then(|hub| hub.download_model(&model, &mut |_| {})).map(|_| ()).map_err(words)
}

fn model_name(file: &Path) -> Answer {
    let bytes = std::fs::read(file).map_err(words)?;
    String::from_utf8_lossy(&bytes).parse::<align_hub::ModelName>().map(|_| ()).map_err(words)
}
