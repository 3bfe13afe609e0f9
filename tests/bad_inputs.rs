//! Bad inputs as a user meets them, and what the examples say: each names the file, the place, what was expected and found.
//! None panics, and none takes more than 200 MB beyond a process that does nothing.
//!
//! One test, because the memory of child processes is known for all of them together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use nix::sys::resource::{UsageWho, getrusage};
use std::fs;
use std::path::Path;
use support::{kept, run};

/// What a refusal may take beyond the idle process, in KiB.
const MEMORY: i64 = 200 << 10;

/// A bad input: what it is, how it comes about, the command, and what the message must hold.
struct Case {
    what: &'static str,
    make: fn(&Path),
    command: &'static str,
    says: &'static [&'static str],
}

const fn case(what: &'static str, make: fn(&Path), command: &'static str, says: &'static [&'static str]) -> Case {
    Case { what, make, command, says }
}

fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) {
    fs::write(dir.join(name), content).unwrap();
}

/// `model`: a copy of one of the kept models, to be spoiled.
fn model(dir: &Path, name: &str) {
    fs::create_dir(dir.join("model")).unwrap();
    for entry in fs::read_dir(kept(&format!("models/{name}"))).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.join("model").join(entry.file_name())).unwrap();
    }
}

fn gpt2(dir: &Path) {
    model(dir, "gpt2-tiny");
}

/// Spoils a file of the kept model.
fn spoil(dir: &Path, name: &str, how: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = dir.join("model").join(name);
    let bytes = fs::read(&path).unwrap();
    fs::write(path, how(bytes)).unwrap();
}

/// Replaces text in a file of the kept model, where it must be found.
fn replace(dir: &Path, name: &str, from: &str, to: &str) {
    let path = dir.join("model").join(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{name} lacks {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

fn cut(dir: &Path, name: &str) {
    spoil(dir, name, |bytes| bytes[..bytes.len() / 2].to_vec());
}

/// `model/model.safetensors` of this header and so many bytes of data, and nothing else that holds weights.
fn safetensors(dir: &Path, header: &str, data: usize) {
    gpt2(dir);
    spoil(dir, "model.safetensors", |_| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
    });
}

/// `model/pytorch_model.bin` in place of the safetensors.
fn bin(dir: &Path, bytes: &[u8]) {
    gpt2(dir);
    fs::remove_file(dir.join("model/model.safetensors")).unwrap();
    write(dir, "model/pytorch_model.bin", bytes);
}

/// torch's older format up to its state dict.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03X\x0d\x00\x00\x00little_endianq\x02\x88u.";

fn pickled(dir: &Path, state: &[u8]) {
    bin(dir, &[LEGACY, state].concat());
}

fn nothing(_: &Path) {}

const PAIR: &str = "{\"prompt\": \"This movie\", \"chosen\": \" was great\", \"rejected\": \" was bad\"}\n";

/// The command of a run of two steps with a checkpoint after each, and more options.
macro_rules! short_run {
    ($more:literal) => {
        concat!(
            "dpo --train-file pairs.jsonl --output-dir run --max-steps 2 --per-device-train-batch-size 2 ",
            "--save-strategy steps --save-steps 1",
            $more
        )
    };
}

/// `pairs.jsonl`, and `run` with a checkpoint after its first step.
fn a_run(dir: &Path) {
    write(dir, "pairs.jsonl", PAIR.repeat(4));
    let train: Vec<&str> = short_run!("").split(' ').skip(1).collect();
    let output = run("dpo", dir, &train);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_dir_all(dir.join("run/checkpoint-2")).unwrap();
}

const GENERATE: &str = "generate --model model --prompt This";
const DPO: &str = "dpo --train-file pairs.jsonl --output-dir run";
const RESUME: &str = short_run!(" --resume");

const WEIGHTS: &[Case] = &[
    case("a mistyped folder", nothing, "generate --model ./model --prompt This", &["no such folder", "./model"]),
    case("a name that no hub has", nothing, "generate --model us/er/na:me --prompt This", &["us/er/na:me"]),
    case(
        "a model that is not in the cache",
        nothing,
        "generate --model user/name --prompt This",
        &["user/name", "HF_HUB_OFFLINE"],
    ),
    case(
        "an upload without a network",
        gpt2,
        "push_to_hub --model model --hub-model-id user/name",
        &["user/name", "HF_HUB_OFFLINE"],
    ),
    case(
        "safetensors cut in half",
        |d| {
            gpt2(d);
            cut(d, "model.safetensors")
        },
        GENERATE,
        &["model.safetensors", "damaged or was cut short", "bytes of data"],
    ),
    case(
        "safetensors with a spoiled header",
        |d| {
            gpt2(d);
            spoil(d, "model.safetensors", |mut b| {
                b[9] = b'x';
                b
            })
        },
        GENERATE,
        &["model.safetensors", "header that cannot be read", "column 2"],
    ),
    case(
        "a header that claims 2^60 bytes",
        |d| {
            gpt2(d);
            spoil(d, "model.safetensors", |b| [&(1_u64 << 60).to_le_bytes()[..], &b[8..]].concat())
        },
        GENERATE,
        &["model.safetensors", "1152921504606846976 bytes"],
    ),
    case(
        "a tensor that claims 2^60 elements",
        |d| safetensors(d, r#"{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4]}}"#, 4),
        GENERATE,
        &["model.safetensors", "`a`", "should take 4611686018427387904 bytes and is given those from 0 to 4"],
    ),
    case(
        "overlapping tensors",
        |d| {
            safetensors(
                d,
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                12,
            )
        },
        GENERATE,
        &["model.safetensors", "`b` overlaps another", "should begin at byte 8 and begins at 4"],
    ),
    case(
        "a tensor beyond the file's end",
        |d| safetensors(d, r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, 8),
        GENERATE,
        &["model.safetensors", "describes 16 bytes of data, it holds 8"],
    ),
    case(
        "safetensors of nothing",
        |d| {
            gpt2(d);
            spoil(d, "model.safetensors", |_| Vec::new())
        },
        GENERATE,
        &["model.safetensors", "is empty"],
    ),
    case(
        "a git-lfs pointer",
        |d| {
            gpt2(d);
            spoil(d, "model.safetensors", |_| b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n".to_vec())
        },
        GENERATE,
        &["model.safetensors", "git lfs pull"],
    ),
    case(
        "a web page for weights",
        |d| {
            gpt2(d);
            spoil(d, "model.safetensors", |_| b"<!doctype html><html></html>".to_vec())
        },
        GENERATE,
        &["model.safetensors", "HTML page"],
    ),
    case(
        "no weights at all",
        |d| {
            gpt2(d);
            fs::remove_file(d.join("model/model.safetensors")).unwrap()
        },
        GENERATE,
        &["model", "no weights here", "model.safetensors, model.safetensors.index.json, pytorch_model.bin"],
    ),
    case(
        "a config that disagrees with the weights",
        |d| {
            gpt2(d);
            replace(d, "config.json", "\"n_embd\": 64", "\"n_embd\": 128")
        },
        GENERATE,
        &["model.safetensors", "do not fit config.json", "transformer.h.0.ln_1.bias: expected shape [128], found [64]"],
    ),
    case(
        "a config with a block more",
        |d| {
            gpt2(d);
            replace(d, "config.json", "\"n_layer\": 2", "\"n_layer\": 3")
        },
        GENERATE,
        &["model.safetensors", "transformer.h.2.attn.c_attn.weight"],
    ),
    case(
        "an index that names a missing shard",
        |d| {
            gpt2(d);
            fs::remove_file(d.join("model/model.safetensors")).unwrap();
            write(d, "model/model.safetensors.index.json", r#"{"weight_map": {"a": "model-1.safetensors"}}"#)
        },
        GENERATE,
        &["index.json", "model-1.safetensors", "not in the folder"],
    ),
    case(
        "an index that leads out of its folder",
        |d| {
            gpt2(d);
            fs::remove_file(d.join("model/model.safetensors")).unwrap();
            write(d, "model/model.safetensors.index.json", r#"{"weight_map": {"a": "../../secret"}}"#)
        },
        GENERATE,
        &["index.json", "../../secret", "same folder"],
    ),
    case(
        "an index that is no index",
        |d| {
            gpt2(d);
            fs::remove_file(d.join("model/model.safetensors")).unwrap();
            write(d, "model/model.safetensors.index.json", r#"{"weights": {}}"#)
        },
        GENERATE,
        &["index.json", "no checkpoint index", "weight_map"],
    ),
    case(
        "a pickle that runs os.system",
        |d| pickled(d, b"\x80\x02cos\nsystem\nX\x0b\x00\x00\x00touch owned\x85R."),
        GENERATE,
        &["pytorch_model.bin", "refused", "`os.system`", "nothing of the file was run"],
    ),
    case(
        "a pickle with a string of 2^60 bytes",
        |d| pickled(d, b"\x80\x04\x8d\x00\x00\x00\x00\x00\x00\x00\x10x."),
        GENERATE,
        &["pytorch_model.bin", "1152921504606846976"],
    ),
    case(
        "a pickle that is no state dict",
        |d| pickled(d, b"\x80\x02K\x01.\x80\x02]."),
        GENERATE,
        &["pytorch_model.bin", "state dict"],
    ),
    case(
        "an old .bin cut in half",
        |d| {
            model(d, "gpt2-tiny-bin-legacy");
            cut(d, "pytorch_model.bin")
        },
        GENERATE,
        &["pytorch_model.bin", "cut short"],
    ),
    case(
        "a zip .bin cut in half",
        |d| {
            model(d, "gpt2-tiny-bin-zip");
            cut(d, "pytorch_model.bin")
        },
        GENERATE,
        &["pytorch_model.bin", "damaged or was cut short"],
    ),
    case(
        "a zip .bin with a flipped bit among its numbers",
        |d| {
            model(d, "gpt2-tiny-bin-zip");
            spoil(d, "pytorch_model.bin", |mut b| {
                let at = b.len() / 2;
                b[at] ^= 1;
                b
            })
        },
        GENERATE,
        &["pytorch_model.bin", "damaged", "checksum"],
    ),
];

const CONFIGS: &[Case] = &[
    case(
        "no config",
        |d| {
            gpt2(d);
            fs::remove_file(d.join("model/config.json")).unwrap()
        },
        GENERATE,
        &["config.json", "cannot be read"],
    ),
    case(
        "a config that is no JSON",
        |d| {
            gpt2(d);
            spoil(d, "config.json", |_| b"{n_embd: 64}".to_vec())
        },
        GENERATE,
        &["config.json", "not valid JSON", "line 1 column 2"],
    ),
    case(
        "a config of another model",
        nothing,
        "generate --model DISTILBERT --prompt This",
        &["config.json", "\"distilbert\"", "\"gpt2\" was expected"],
    ),
    case(
        "a size of nonsense",
        |d| {
            gpt2(d);
            replace(d, "config.json", "\"n_layer\": 2", "\"n_layer\": 4000000000")
        },
        GENERATE,
        &["config.json", "n_layer is 4000000000, expected 1 to"],
    ),
    case(
        "heads that do not divide the width",
        |d| {
            gpt2(d);
            replace(d, "config.json", "\"n_head\": 4", "\"n_head\": 5")
        },
        GENERATE,
        &["config.json", "n_embd 64 is not a multiple of n_head 5"],
    ),
    case(
        "an unknown activation",
        |d| {
            gpt2(d);
            replace(d, "config.json", "\"gelu_new\"", "\"mish\"")
        },
        GENERATE,
        &["config.json", "mish", "gelu_new"],
    ),
    case(
        "a config of gigabytes",
        |d| {
            gpt2(d);
            fs::OpenOptions::new().write(true).open(d.join("model/config.json")).unwrap().set_len(3 << 30).unwrap()
        },
        GENERATE,
        &["config.json", "3221225472 bytes"],
    ),
    case(
        "no tokeniser",
        |d| {
            gpt2(d);
            for name in ["tokenizer.json", "vocab.json", "merges.txt"] {
                fs::remove_file(d.join("model").join(name)).unwrap()
            }
        },
        GENERATE,
        &["model", "tokenizer.json, or vocab.json and merges.txt"],
    ),
    case(
        "a tokenizer.json that is no JSON",
        |d| {
            gpt2(d);
            cut(d, "tokenizer.json")
        },
        GENERATE,
        &["tokenizer.json", "not valid JSON", "line"],
    ),
    case(
        "a merge without its second half",
        |d| {
            model(d, "gpt2-tiny-bin-zip");
            spoil(d, "merges.txt", |b| [&b[..], b"oops\n"].concat())
        },
        GENERATE,
        &["merges.txt", "line ", "expected two tokens, found \"oops\""],
    ),
    case(
        "a merge of unknown tokens",
        |d| {
            model(d, "gpt2-tiny-bin-zip");
            spoil(d, "merges.txt", |b| [&b[..], b"qqq zzz\n"].concat())
        },
        GENERATE,
        &["\"qqq\"", "a token of the vocabulary"],
    ),
    case(
        "a vocabulary of another model",
        |d| {
            gpt2(d);
            replace(d, "tokenizer.json", "\"This\": ", "\"This\": 9")
        },
        GENERATE,
        &["prompt 0 holds token", "the model has 1000 tokens", "another tokenizer"],
    ),
];

const TABLES: &[Case] = &[
    case("no such table", nothing, "pair --input nowhere.csv --output pairs.jsonl", &["nowhere.csv", "cannot be read"]),
    case(
        "a folder for a table",
        |d| fs::create_dir(d.join("in.csv")).unwrap(),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv", "expected a file"],
    ),
    case(
        "a table of another format",
        |d| write(d, "in.xlsx", ""),
        "pair --input in.xlsx --output pairs.jsonl",
        &["in.xlsx", ".csv, .parquet or .jsonl", ".xlsx"],
    ),
    case(
        "a missing column",
        |d| write(d, "in.csv", "prompt,text\na,b\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv", "column \"score\"", "\"prompt\", \"text\""],
    ),
    case(
        "a column twice",
        |d| write(d, "in.csv", "prompt,text,score,text\na,b,1,c\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 1", "\"text\" stands twice"],
    ),
    case(
        "a score that is no number",
        |d| write(d, "in.csv", "prompt,text,score\na,b,1\na,c,high\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, row 2, column \"score\"", "a finite number", "\"high\""],
    ),
    case(
        "a score that is NaN",
        |d| write(d, "in.csv", "prompt,text,score\na,b,NaN\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, row 1, column \"score\"", "NaN"],
    ),
    case(
        "an infinite score",
        |d| write(d, "in.csv", "prompt,text,score\na,b,1\na,c,-inf\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, row 2, column \"score\"", "-inf"],
    ),
    case("an empty file", |d| write(d, "in.csv", ""), "pair --input in.csv --output pairs.jsonl", &["in.csv", "empty"]),
    case("a table without rows", |d| write(d, "pairs.jsonl", ""), DPO, &["pairs.jsonl", "found no rows"]),
    case(
        "a short row",
        |d| write(d, "in.csv", "prompt,text,score\na,b,1\na,b\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 3", "row 2: expected 3 fields, found 2"],
    ),
    case(
        "an unquoted comma",
        |d| write(d, "in.csv", "prompt,text,score\na,b, and c,1\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 2", "found 4", "needs quotes"],
    ),
    case(
        "a quote never closed",
        |d| write(d, "in.csv", "prompt,text,score\na,b,1\na,\"c,2\nd,e,3\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 3", "never closed"],
    ),
    case(
        "a quote not doubled",
        |d| write(d, "in.csv", "prompt,text,score\na,\"the \"best\" film\",1\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 2", "written twice"],
    ),
    case(
        "Latin-1",
        |d| write(d, "in.csv", b"prompt,text,score\na,caf\xe9,1\n"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 2", "UTF-8", "0xe9"],
    ),
    case(
        "UTF-16",
        |d| write(d, "in.csv", b"\xff\xfep\0r\0"),
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 1", "UTF-16"],
    ),
    case(
        "a broken line",
        |d| write(d, "pairs.jsonl", format!("{PAIR}{}", &PAIR[..30])),
        DPO,
        &["pairs.jsonl, line 2", "not valid JSON", "column 30"],
    ),
    case(
        "a line that is a list",
        |d| write(d, "pairs.jsonl", "[1, 2]\n"),
        DPO,
        &["pairs.jsonl, line 1", "expected a JSON object"],
    ),
    case(
        "a field twice",
        |d| write(d, "pairs.jsonl", "{\"prompt\": \"a\", \"chosen\": \"b\", \"chosen\": \"c\", \"rejected\": \"d\"}\n"),
        DPO,
        &["pairs.jsonl, line 1", "\"chosen\" stands twice"],
    ),
    case(
        "a text that is null",
        |d| write(d, "pairs.jsonl", format!("{PAIR}{{\"prompt\": \"a\", \"chosen\": null, \"rejected\": \"d\"}}\n")),
        DPO,
        &["pairs.jsonl, row 2, column \"chosen\"", "null"],
    ),
    case(
        "a text that is a number",
        |d| write(d, "pairs.jsonl", format!("{PAIR}{{\"prompt\": 3, \"chosen\": \"b\", \"rejected\": \"d\"}}\n")),
        DPO,
        &["pairs.jsonl, row 2, column \"prompt\"", "expected text, found a number"],
    ),
    case(
        "pairs for the pairing",
        |d| write(d, "in.jsonl", PAIR),
        "pair --input in.jsonl --output pairs.jsonl",
        &["in.jsonl", "column \"text\"", "\"chosen\""],
    ),
    case(
        "Parquet cut in half",
        |d| {
            fs::copy("fuzz/corpus/parquet/plain.parquet", d.join("in.parquet")).unwrap();
            let b = fs::read(d.join("in.parquet")).unwrap();
            write(d, "in.parquet", &b[..b.len() / 2])
        },
        "pair --input in.parquet --output pairs.jsonl",
        &["in.parquet", "Parquet", "PAR1"],
    ),
    case(
        "Parquet with a spoiled page",
        |d| {
            let mut b = fs::read("fuzz/corpus/parquet/dictionary.parquet").unwrap();
            b[4] = 0xff;
            b[5] = 0xff;
            write(d, "in.parquet", &b)
        },
        "pair --input in.parquet --output pairs.jsonl",
        &["in.parquet", "Parquet"],
    ),
    case("a prompt longer than the context", nothing, "generate --max-new-tokens 5 --prompt LONG", &["128", "tokens"]),
    case(
        "completions empty after truncation",
        |d| write(d, "pairs.jsonl", PAIR.replace("This movie", &"This movie ".repeat(60)).repeat(3)),
        "dpo --train-file pairs.jsonl --output-dir run --max-length 20",
        &["no pair is left", "max_length 20", "3 dropped: the prompt fills max_length"],
    ),
    case(
        "no prompts",
        |d| write(d, "prompts.txt", ""),
        "generate --prompts prompts.txt",
        &["prompts.txt", "no prompts"],
    ),
    case(
        "an empty prompt",
        |d| write(d, "prompts.txt", "This\n\nThat\n"),
        "generate --prompts prompts.txt",
        &["prompts.txt, line 2", "empty prompt"],
    ),
];

const OPTIONS: &[Case] = &[
    case(
        "an unknown loss",
        nothing,
        "dpo --train-file pairs.jsonl --output-dir run --loss-type sigmiod",
        &["sigmiod", "`hinge`", "did you mean sigmoid?"],
    ),
    case(
        "an option of another loss",
        nothing,
        "dpo --train-file pairs.jsonl --output-dir run --discopop-tau 0.1",
        &["discopop_tau", "sigmoid", "discopop"],
    ),
    case(
        "a divergence that the loss ignores",
        nothing,
        "dpo --train-file pairs.jsonl --output-dir run --loss-type aot --f-divergence-type forward_kl",
        &["forward_kl", "aot"],
    ),
    case(
        "weights of one loss",
        nothing,
        "dpo --train-file pairs.jsonl --output-dir run --loss-weights 1,2",
        &["loss_weights", "loss_type sigmoid"],
    ),
    case(
        "an option of SimPO with ORPO",
        nothing,
        "cpo --train-file pairs.jsonl --output-dir run --loss-type orpo --simpo-gamma 1",
        &["simpo_gamma", "orpo"],
    ),
    case(
        "a weight that BCO ignores",
        nothing,
        "kto --train-file likes.jsonl --output-dir run --loss-type bco --desirable-weight 2",
        &["desirable_weight", "kto"],
    ),
    case(
        "a label that is no flag",
        |d| write(d, "likes.jsonl", r#"{"prompt": "This", "completion": " film", "label": "good"}"#),
        "kto --train-file likes.jsonl --output-dir run",
        &["likes.jsonl", "label", "true or false"],
    ),
    case("beta of 0", nothing, "dpo --train-file pairs.jsonl --output-dir run --beta 0", &["beta", "above 0, found 0"]),
    case(
        "beta below 0",
        nothing,
        "dpo --train-file pairs.jsonl --output-dir run --beta -0.1",
        &["beta", "above 0, found -0.1"],
    ),
    case(
        "epochs and steps",
        nothing,
        "dpo --train-file pairs.jsonl --output-dir run --max-steps 2 --num-train-epochs 1",
        &["max_steps", "num_train_epochs", "one of the two"],
    ),
    case(
        "label smoothing that hinge would ignore",
        nothing,
        "dpo --train-file pairs.jsonl --output-dir run --loss-type hinge --label-smoothing 0.1",
        &["label_smoothing", "hinge would ignore"],
    ),
    case(
        "a misspelled option",
        nothing,
        "dpo --train-file pairs.jsonl --output-dir run --learning-rat 1e-5",
        &["--learning-rat", "--learning-rate"],
    ),
    case(
        "a misspelled key",
        |d| write(d, "run.toml", "learning_rat = 1e-5\n"),
        "dpo --config run.toml --train-file pairs.jsonl --output-dir run",
        &["run.toml", "\"learning_rat\"", "did you mean learning_rate?"],
    ),
    case(
        "a value of the wrong kind in a file",
        |d| write(d, "run.toml", "beta = \"high\"\n"),
        "dpo --config run.toml --train-file pairs.jsonl --output-dir run",
        &["run.toml", "--beta", "high"],
    ),
    case(
        "TOML with an error",
        |d| write(d, "run.toml", "beta = 0.1\nseed =\n"),
        "dpo --config run.toml --train-file pairs.jsonl --output-dir run",
        &["run.toml", "line 2"],
    ),
    case(
        "temperature without sampling",
        nothing,
        "generate --prompt This --temperature 0.5",
        &["temperature", "do_sample"],
    ),
    case(
        "a negative temperature",
        nothing,
        "generate --prompt This --do-sample --temperature -1",
        &["temperature", "-1"],
    ),
    case(
        "more texts than beams",
        nothing,
        "generate --prompt This --num-beams 2 --num-return-sequences 3",
        &["num_return_sequences", "3", "2"],
    ),
    case(
        "beams in a stream",
        nothing,
        "generate --prompt This --num-beams 2 --stream",
        &["num_beams", "known at the end only", "take 1 beam"],
    ),
    case("a stream of no prompt", nothing, "generate --stream", &["--stream", "--prompt"]),
    case("no prompts at a time", nothing, "generate --prompt This --batch-size 0", &["batch_size", "at least 1"]),
    case(
        "a folder where the journal goes",
        |d| fs::create_dir(d.join("texts.csv.partial")).unwrap(),
        "generate --prompt This --output texts.csv",
        &["texts.csv.partial is not a file"],
    ),
    case(
        "notes where the journal goes",
        |d| write(d, "texts.csv.partial", "my notes\n"),
        "generate --prompt This --output texts.csv --overwrite",
        &["texts.csv.partial is no journal", "move it away"],
    ),
    case("an unknown device", nothing, "generate --prompt This --device gpu", &["\"gpu\"", "cpu, cuda"]),
    case(
        "evaluation without data",
        |d| write(d, "pairs.jsonl", PAIR),
        "dpo --train-file pairs.jsonl --output-dir run --eval-strategy epoch",
        &["--eval-strategy", "--eval-file"],
    ),
];

const OUTPUTS: &[Case] = &[
    case(
        "an output that exists",
        |d| {
            write(d, "in.csv", "prompt,text,score\na,b,1\n");
            write(d, "out.jsonl", "")
        },
        "pair --input in.csv --output out.jsonl",
        &["out.jsonl", "exists already"],
    ),
    case(
        "an output under a file",
        |d| {
            write(d, "in.csv", "prompt,text,score\na,b,1\na,c,2\n");
            write(d, "file", "")
        },
        "pair --input in.csv --output file/out.jsonl",
        &["file/out.jsonl", "cannot be written"],
    ),
    case(
        "an output where nothing can be written",
        |d| write(d, "pairs.jsonl", PAIR),
        "dpo --train-file pairs.jsonl --output-dir /proc/run",
        &["/proc/run"],
    ),
    case(
        "a run folder that exists",
        |d| {
            write(d, "pairs.jsonl", PAIR);
            fs::create_dir(d.join("run")).unwrap();
            write(d, "run/metrics.jsonl", "")
        },
        DPO,
        &["run", "holds a run already", "--resume"],
    ),
    case(
        "nothing to resume",
        |d| {
            write(d, "pairs.jsonl", PAIR);
            fs::create_dir(d.join("run")).unwrap()
        },
        RESUME,
        &["run", "no checkpoint"],
    ),
    case(
        "a checkpoint of another model",
        |d| {
            a_run(d);
            gpt2(d);
            spoil(d, "model.safetensors", |mut b| {
                let at = b.len() - 2;
                b[at] ^= 0x40;
                b
            })
        },
        short_run!(" --model model --resume"),
        &["checkpoint-1", "another reference model"],
    ),
    case(
        "a checkpoint of other pairs",
        |d| {
            a_run(d);
            write(d, "pairs.jsonl", PAIR.replace("great", "good").repeat(4))
        },
        RESUME,
        &["checkpoint-1", "other training rows"],
    ),
    case(
        "a checkpoint of other options",
        a_run,
        short_run!(" --beta 0.5 --resume"),
        &["checkpoint-1", "beta = 0.1, this run has 0.5"],
    ),
    case(
        "a checkpoint with spoiled moments",
        |d| {
            a_run(d);
            let path = d.join("run/checkpoint-1/optimizer.safetensors");
            let b = fs::read(&path).unwrap();
            fs::write(path, &b[..b.len() / 2]).unwrap()
        },
        RESUME,
        &["optimizer.safetensors", "cut short"],
    ),
    case(
        "a checkpoint with a spoiled state",
        |d| {
            a_run(d);
            write(d, "run/checkpoint-1/trainer_state.json", "{\"step\": -1}")
        },
        RESUME,
        &["trainer_state.json", "-1"],
    ),
];

/// The most memory that any child has had, in KiB.
fn children() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss()
}

fn message(case: &Case, dir: &Path) -> String {
    let long = "This movie was ".repeat(100);
    let distilbert = kept("models/distilbert-tiny");
    let words = case.command.split(' ').map(|word| match word {
        "LONG" => long.as_str(),
        "DISTILBERT" => distilbert.as_str(),
        word => word,
    });
    let words: Vec<&str> = words.collect();
    let output = run(words[0], dir, &words[1..]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{}: accepted", case.what);
    assert!(output.status.code().is_some(), "{}: killed: {message}", case.what);
    assert!(!message.contains("panicked"), "{}: {message}", case.what);
    message
}

#[test]
fn each_is_told_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    run("generate", dir.path(), &["--no-such-option"]);
    let idle = children();
    let cases: Vec<&Case> = [WEIGHTS, CONFIGS, TABLES, OPTIONS, OUTPUTS].into_iter().flatten().collect();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let dir = tempfile::tempdir().unwrap();
        (case.make)(dir.path());
        let before = children();
        let message = message(case, dir.path());
        let missing: Vec<_> = case.says.iter().filter(|part| !message.contains(**part)).collect();
        if !missing.is_empty() {
            wrong.push(format!("{}: {message}  lacks {missing:?}", case.what));
        }
        let memory = children();
        if memory > before && memory > idle + MEMORY {
            wrong.push(format!("{}: {memory} KiB, an idle process {idle} KiB", case.what));
        }
        assert!(!dir.path().join("owned").exists(), "{}: it ran a command", case.what);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
