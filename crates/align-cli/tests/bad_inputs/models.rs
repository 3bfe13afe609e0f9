//! Real-world models that are not supported, adapters, and absurd numbers.

use crate::case::*;
use std::fs;

/// Adds a field to the copied model's config.
fn with_field(dir: &std::path::Path, field: &str) {
    copy_gpt2(dir);
    replace(dir, "config.json", "{", &format!("{{{field},"));
}

/// Writes an adapter whose `adapter_config.json` has these fields in addition to the required ones.
fn adapter(dir: &std::path::Path, fields: &str) {
    fs::create_dir(dir.join("adapter")).unwrap();
    write(dir, "adapter/adapter_config.json", format!("{{\"peft_type\": \"LORA\", \"r\": 4{fields}}}"));
    write(dir, "adapter/adapter_model.safetensors", [&2_u64.to_le_bytes()[..], b"{}"].concat());
}

const MERGE: &str = "merge-adapter --model model --adapter adapter --output-dir merged";

/// Writes a GPT-2 with 300 blocks whose weights are all views of one storage, which is as large as a block's largest tensor.
fn shared_storage(dir: &std::path::Path) {
    let text = |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let int = |int: i64| [&[0x8a, 8][..], &int.to_le_bytes()].concat();
    let numel = 1000 * 64;
    let (d, inner) = (64, 256);
    let mut state = b"}".to_vec();
    let mut add = |name: String, shape: &[i64]| {
        state.extend([&text(&name)[..], b"ctorch._utils\n_rebuild_tensor_v2\n(("].concat());
        state.extend(
            [&text("storage")[..], b"ctorch\nFloatStorage\n", &text("0"), &text("cpu"), &int(numel), b"NtQ"].concat(),
        );
        state.extend(int(0));
        let strides = if let [_, columns] = shape { vec![*columns, 1] } else { vec![1] };
        for numbers in [shape, &strides] {
            state.extend([&b"("[..], &numbers.iter().flat_map(|n| int(*n)).collect::<Vec<u8>>(), b"t"].concat());
        }
        state.extend_from_slice(b"\x89ccollections\nOrderedDict\n)RtRs");
    };
    add("wte.weight".into(), &[1000, d]);
    add("wpe.weight".into(), &[128, d]);
    for layer in 0..300 {
        let name = |name: &str| format!("h.{layer}.{name}");
        for norm in ["ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias", "attn.c_proj.bias", "mlp.c_proj.bias"] {
            add(name(norm), &[d]);
        }
        add(name("attn.c_attn.weight"), &[d, 3 * d]);
        add(name("attn.c_attn.bias"), &[3 * d]);
        add(name("attn.c_proj.weight"), &[d, d]);
        add(name("mlp.c_fc.weight"), &[d, inner]);
        add(name("mlp.c_fc.bias"), &[inner]);
        add(name("mlp.c_proj.weight"), &[inner, d]);
    }
    add("ln_f.weight".into(), &[d]);
    add("ln_f.bias".into(), &[d]);
    // The end of the state dict, then the list of storages, which has one entry, then its data.
    state.extend([&b".\x80\x02]"[..], &text("0"), b"a.", &numel.to_le_bytes()].concat());
    state.extend(vec![0; 4 * numel as usize]);
    bin(dir, &[LEGACY, b"\x80\x02", &state].concat());
    replace(dir, "config.json", "\"n_layer\": 2", "\"n_layer\": 300");
}

pub const CASES: &[Case] = &[
    case(
        "weights that share one storage",
        shared_storage,
        GENERATE,
        &["pytorch_model.bin", "bytes of weights", "share their storage", ".clone()"],
    ),
    case(
        "weights in 8-bit floating point",
        |d| safetensors(d, r#"{"wte.weight":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}"#, 2),
        GENERATE,
        &["model.safetensors", "F8_E4M3", "8 bits", "bfloat16"],
    ),
    case(
        "quantised weights",
        |d| with_field(d, r#""quantization_config": {"quant_method": "fp8"}"#),
        GENERATE,
        &["config.json", "quantization_config", "fp8"],
    ),
    case(
        "an activation with weights of its own",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"gelu_new\"", "\"prelu\"")
        },
        GENERATE,
        &["config.json", "activation_function", "prelu has weights"],
    ),
    case(
        "more blocks stored than the config has",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"n_layer\": 2", "\"n_layer\": 1")
        },
        GENERATE,
        &["model.safetensors", "unexpected", "h.1.attn.c_attn.weight"],
    ),
    case(
        "a size in quotes",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"n_embd\": 64", "\"n_embd\": \"64\"")
        },
        GENERATE,
        &["config.json", "`n_embd`", "expected i64"],
    ),
    case(
        "an EOS token id outside the vocabulary",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"eos_token_id\": 0", "\"eos_token_id\": [0, 1000]")
        },
        GENERATE,
        &["config.json", "eos_token_id is 1000", "1000 ids"],
    ),
    case(
        "a DoRA adapter",
        |d| {
            copy_gpt2(d);
            adapter(d, r#", "use_dora": true"#)
        },
        MERGE,
        &["adapter_config.json", "use_dora", "merge the adapter into its model with PEFT"],
    ),
    case(
        "an adapter of another architecture",
        |d| {
            copy_gpt2(d);
            adapter(d, r#", "target_modules": ["q_proj", "v_proj"]"#)
        },
        MERGE,
        &["adapter_config.json", "target_modules", "c_attn"],
    ),
    case(
        "target_modules with a look-ahead expression",
        |d| {
            copy_gpt2(d);
            adapter(d, r#", "target_modules": "(?!x).*c_attn""#)
        },
        MERGE,
        &["adapter_config.json", "target_modules", "look-around"],
    ),
    case(
        "an adapter on the output projection",
        |d| {
            copy_gpt2(d);
            adapter(d, r#", "target_modules": ["c_attn", "lm_head"]"#)
        },
        MERGE,
        &["adapter_config.json", "target_modules", "`lm_head`", "modules_to_save"],
    ),
    case(
        "an adapter without its matrices",
        |d| {
            copy_gpt2(d);
            adapter(d, "")
        },
        MERGE,
        &["adapter_model.safetensors", "missing (4)", "h.0.attn.c_attn.lora_A.weight"],
    ),
    case(
        "an adapter without the name of its base model",
        |d| adapter(d, ""),
        "generate --model adapter --prompt This",
        &["adapter_config.json", "base_model_name_or_path", "merge-adapter"],
    ),
    case(
        "an adapter as a classifier",
        |d| {
            adapter(d, "");
            write(d, "in.csv", "text\na\n")
        },
        "classify --model adapter --input in.csv --output out.csv",
        &["adapter/adapter_config.json", "no base_model_name_or_path"],
    ),
    case(
        "a new model larger than memory",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"n_embd\": 64", "\"n_embd\": 262144");
            replace(d, "config.json", "\"n_layer\": 2", "\"n_layer\": 96");
            write(d, "texts.jsonl", "{\"text\": \"This movie was great\"}\n")
        },
        "sft --model-config model/config.json --vocab-size 300 --train-file texts.jsonl --output-dir run",
        &["model/config.json", "n_embd 262144", "n_layer 96", "are available"],
    ),
    case(
        "a new classifier larger than memory",
        |d| {
            copy_model(d, "distilbert-tiny");
            replace(d, "config.json", "\"dim\": 64", "\"dim\": 262144");
            replace(d, "config.json", "\"n_layers\": 2", "\"n_layers\": 96");
            write(d, "texts.csv", "text,label\ngood,1\nbad,0\n")
        },
        "train-classifier --model-config model/config.json --vocab-size 300 --train-file texts.csv --output-dir run",
        &["model/config.json", "dim 262144", "n_layers 96", "are available"],
    ),
    case(
        "a reference model of the same size with another tokeniser",
        |d| {
            copy_model(d, "llama-tiny");
            copy_model_to(&d.join("other"), "qwen2-tiny");
            write(d, "pairs.jsonl", PAIR.repeat(4))
        },
        "dpo --train-file pairs.jsonl --output-dir run --model model --ref-model other",
        &["--ref-model has another tokeniser than the model", "in other", "such as the model before training"],
    ),
    case(
        "an absurd vocabulary size",
        |d| {
            copy_model(d, "distilbert-tiny");
            write(d, "texts.csv", "text,label\ngood,1\nbad,0\n")
        },
        "train-classifier --model-config model/config.json --vocab-size 1152921504606846976 --train-file texts.csv --output-dir run",
        &["--vocab-size 1152921504606846976"],
    ),
    case(
        "an absurd number of beams",
        no_files,
        "generate --prompt This --num-beams 1152921504606846976",
        &["--num-beams is 1152921504606846976", "at most ", "available memory"],
    ),
    case(
        "an absurd number of returned sequences",
        no_files,
        "generate --prompt This --do-sample --num-return-sequences 1152921504606846976",
        &["--num-return-sequences is 1152921504606846976", "at most ", "available memory"],
    ),
    case(
        "an absurd number of texts per prompt",
        no_files,
        "generate --prompt This --texts-per-prompt 18446744073709551615",
        &["`--texts-per-prompt` is 18446744073709551615", "at most ", "available memory"],
    ),
    case(
        "an absurd number of compared texts per prompt",
        no_files,
        "notebook --eval-texts-per-prompt 1152921504606846976",
        &["`--eval-texts-per-prompt` is 1152921504606846976", "at most ", "available memory"],
    ),
    case(
        "an absurd number of training texts per prompt",
        no_files,
        "frontier --output-dir run --training-texts-per-prompt 1152921504606846976",
        &["--texts-per-prompt", "1152921504606846976", "at most ", "available memory"],
    ),
    case(
        "an absurd number of resamples",
        |d| write(d, "scored.csv", "prompt,text,score\na,a good one,1\na,a bad one,2\n"),
        "evaluate --input scored.csv --resamples 1152921504606846976",
        &["resamples", "at most 10000000", "1152921504606846976"],
    ),
];
