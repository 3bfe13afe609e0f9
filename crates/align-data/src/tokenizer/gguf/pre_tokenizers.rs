//! The pre-tokenisers that llama.cpp knows by name, as steps of a `tokenizer.json`.

use serde_json::{Value, json};

/// A pre-tokeniser of byte-level BPE.
#[derive(Debug, Clone, Copy)]
pub(super) struct PreTokenizer {
    /// Its name in `tokenizer.ggml.pre`, and further ones for the same steps.
    pub names: &'static [&'static str],
    steps: Steps,
    /// Whether texts are normalised to NFC. llama.cpp does not do it, but transformers does.
    nfc: bool,
    /// Whether a word that is a token is not split, whatever the merges are.
    pub ignore_merges: bool,
    /// Whether BOS comes before a text if the metadata do not say so.
    pub adds_bos: bool,
}

#[derive(Debug, Clone, Copy)]
enum Steps {
    /// GPT-2's expression.
    Gpt2,
    /// Single digits, then GPT-2's expression.
    Digits,
    Pattern(&'static str),
}

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

const PLAIN: PreTokenizer = PreTokenizer {
    names: &["gpt-2", "phi-2", "olmo", "mpt"],
    steps: Steps::Gpt2,
    nfc: false,
    ignore_merges: false,
    adds_bos: false,
};

pub(super) const PRE_TOKENIZERS: [PreTokenizer; 6] = [
    PLAIN,
    PreTokenizer { names: &["smollm", "starcoder", "refact", "command-r", "codeshell"], steps: Steps::Digits, ..PLAIN },
    PreTokenizer {
        names: &["llama-bpe", "llama3", "llama-v3"],
        steps: Steps::Pattern(LLAMA3),
        ignore_merges: true,
        adds_bos: true,
        ..PLAIN
    },
    PreTokenizer { names: &["smaug-bpe"], steps: Steps::Pattern(LLAMA3), ..PLAIN },
    PreTokenizer { names: &["qwen2", "deepseek-r1-qwen"], steps: Steps::Pattern(QWEN2), nfc: true, ..PLAIN },
    PreTokenizer { names: &["tekken"], steps: Steps::Pattern(TEKKEN), ignore_merges: true, adds_bos: true, ..PLAIN },
];

impl PreTokenizer {
    /// The pre-tokeniser of a name. Files without a name, which are older, have that of their architecture.
    pub fn named(name: Option<&str>, architecture: Option<&str>) -> Result<&'static Self, String> {
        let name = match (name, architecture) {
            (Some(name), _) if name != "default" => name,
            (_, Some("gpt2")) => "gpt-2",
            (_, Some("qwen2" | "qwen3")) => "qwen2",
            _ => {
                return Err("has no name of a pre-tokeniser (tokenizer.ggml.pre): convert the model again with a current llama.cpp".into());
            }
        };
        PRE_TOKENIZERS.iter().find(|known| known.names.contains(&name)).ok_or_else(|| {
            format!("has the pre-tokeniser {name:?}, which is not supported; the supported ones are {}", Self::known())
        })
    }

    /// The names of all pre-tokenisers, for messages.
    pub fn known() -> String {
        let names: Vec<&str> = PRE_TOKENIZERS.iter().flat_map(|known| known.names).copied().collect();
        names.join(", ")
    }

    /// The part `normalizer` of a `tokenizer.json`.
    pub fn normalizer(&self) -> Value {
        if self.nfc { json!({"type": "NFC"}) } else { Value::Null }
    }

    /// The part `pre_tokenizer` of a `tokenizer.json`.
    pub fn steps(&self) -> Value {
        let byte_level = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
        let sequence = |steps: [Value; 2]| json!({"type": "Sequence", "pretokenizers": steps});
        match self.steps {
            Steps::Gpt2 => byte_level(true),
            Steps::Digits => sequence([json!({"type": "Digits", "individual_digits": true}), byte_level(true)]),
            Steps::Pattern(pattern) => sequence([
                json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false}),
                byte_level(false),
            ]),
        }
    }
}
