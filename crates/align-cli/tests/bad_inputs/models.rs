//! Models that people have and that cannot be taken, adapters, and numbers of nonsense.

use crate::case::*;
use crate::support::kept;
use std::fs;

/// Adds a field to the kept model's config.
fn with_field(dir: &std::path::Path, field: &str) {
    gpt2(dir);
    replace(dir, "config.json", "{", &format!("{{{field},"));
}

/// `adapter/adapter_config.json` with these fields beside what every adapter's has.
fn adapter(dir: &std::path::Path, fields: &str) {
    fs::create_dir(dir.join("adapter")).unwrap();
    write(dir, "adapter/adapter_config.json", format!("{{\"peft_type\": \"LORA\", \"r\": 4{fields}}}"));
    write(dir, "adapter/adapter_model.safetensors", [&2_u64.to_le_bytes()[..], b"{}"].concat());
}

const MERGE: &str = "merge-adapter --model model --adapter adapter --output-dir merged";

/// A GPT-2 of 300 blocks whose weights are all views of one storage of a block's largest.
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
    // The state dict ends, the list of storages is that of one, and its data follow.
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
        "floats of eight bits",
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
            gpt2(d);
            replace(d, "config.json", "\"gelu_new\"", "\"prelu\"")
        },
        GENERATE,
        &["config.json", "activation_function", "prelu has weights"],
    ),
    case(
        "more blocks stored than the config has",
        |d| {
            gpt2(d);
            replace(d, "config.json", "\"n_layer\": 2", "\"n_layer\": 1")
        },
        GENERATE,
        &["model.safetensors", "unexpected", "h.1.attn.c_attn.weight"],
    ),
    case(
        "a size in quotes",
        |d| {
            gpt2(d);
            replace(d, "config.json", "\"n_embd\": 64", "\"n_embd\": \"64\"")
        },
        GENERATE,
        &["config.json", "`n_embd`", "expected i64"],
    ),
    case(
        "an end of text outside the vocabulary",
        |d| {
            gpt2(d);
            replace(d, "config.json", "\"eos_token_id\": 0", "\"eos_token_id\": [0, 1000]")
        },
        GENERATE,
        &["config.json", "eos_token_id is 1000", "1000 ids"],
    ),
    case(
        "a DoRA adapter",
        |d| {
            gpt2(d);
            adapter(d, r#", "use_dora": true"#)
        },
        MERGE,
        &["adapter_config.json", "use_dora", "merge the adapter into its model with PEFT"],
    ),
    case(
        "an adapter of another architecture",
        |d| {
            gpt2(d);
            adapter(d, r#", "target_modules": ["q_proj", "v_proj"]"#)
        },
        MERGE,
        &["adapter_config.json", "target_modules", "c_attn"],
    ),
    case(
        "an expression that looks ahead",
        |d| {
            gpt2(d);
            adapter(d, r#", "target_modules": "(?!x).*c_attn""#)
        },
        MERGE,
        &["adapter_config.json", "target_modules", "look-around"],
    ),
    case(
        "an adapter of an output projection",
        |d| {
            gpt2(d);
            adapter(d, r#", "target_modules": ["c_attn", "lm_head"]"#)
        },
        MERGE,
        &["adapter_config.json", "target_modules", "`lm_head`", "modules_to_save"],
    ),
    case(
        "an adapter without its matrices",
        |d| {
            gpt2(d);
            adapter(d, "")
        },
        MERGE,
        &["adapter_model.safetensors", "missing (4)", "h.0.attn.c_attn.lora_A.weight"],
    ),
    case(
        "an adapter that names no base model",
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
        &["adapter", "adapter/config.json", "holds only an adapter"],
    ),
    case(
        "an adapter on an adapter",
        |d| {
            gpt2(d);
            fs::create_dir(d.join("adapter")).unwrap();
            for name in ["adapter_config.json", "adapter_model.safetensors"] {
                fs::copy(kept(&format!("../lora/fresh/{name}")), d.join("adapter").join(name)).unwrap();
            }
            let config = fs::read_to_string(d.join("adapter/adapter_config.json")).unwrap();
            write(d, "adapter/adapter_config.json", config.replace("\"gpt2-tiny\"", "\"model\""));
            write(d, "pairs.jsonl", PAIR)
        },
        "dpo --model adapter --use-peft --train-file pairs.jsonl --output-dir run",
        &["adapter is an adapter of model", "merge-adapter --model model --adapter adapter"],
    ),
    case(
        "a new model that no machine holds",
        |d| {
            gpt2(d);
            replace(d, "config.json", "\"n_embd\": 64", "\"n_embd\": 262144");
            replace(d, "config.json", "\"n_layer\": 2", "\"n_layer\": 96");
            write(d, "texts.jsonl", "{\"text\": \"This movie was great\"}\n")
        },
        "sft --model-config model/config.json --vocab-size 300 --train-file texts.jsonl --output-dir run",
        &["model/config.json", "n_embd 262144", "n_layer 96", "are left"],
    ),
    case(
        "a new classifier that no machine holds",
        |d| {
            model(d, "distilbert-tiny");
            replace(d, "config.json", "\"dim\": 64", "\"dim\": 262144");
            replace(d, "config.json", "\"n_layers\": 2", "\"n_layers\": 96");
            write(d, "texts.csv", "text,label\ngood,1\nbad,0\n")
        },
        "train-classifier --model-config model/config.json --vocab-size 300 --train-file texts.csv --output-dir run",
        &["model/config.json", "dim 262144", "n_layers 96", "are left"],
    ),
    case(
        "a vocabulary of nonsense",
        |d| {
            model(d, "distilbert-tiny");
            write(d, "texts.csv", "text,label\ngood,1\nbad,0\n")
        },
        "train-classifier --model-config model/config.json --vocab-size 1152921504606846976 --train-file texts.csv --output-dir run",
        &["vocab_size", "1152921504606846976"],
    ),
    case(
        "beams of nonsense",
        nothing,
        "generate --prompt This --num-beams 1152921504606846976",
        &["`num_beams` is 1152921504606846976", "at most ", "of memory"],
    ),
    case(
        "texts from one prompt of nonsense",
        nothing,
        "generate --prompt This --do-sample --num-return-sequences 1152921504606846976",
        &["`num_return_sequences` is 1152921504606846976", "at most ", "of memory"],
    ),
    case(
        "texts a prompt of nonsense",
        nothing,
        "generate --prompt This --texts-per-prompt 18446744073709551615",
        &["`--texts-per-prompt` is 18446744073709551615", "at most ", "of memory"],
    ),
    case(
        "compared texts of nonsense",
        nothing,
        "notebook --compared-texts-per-prompt 1152921504606846976",
        &["`--compared-texts-per-prompt` is 1152921504606846976", "at most ", "of memory"],
    ),
    case(
        "texts to pair of nonsense",
        nothing,
        "frontier --output-dir run --training-texts-per-prompt 1152921504606846976",
        &["texts_per_prompt", "1152921504606846976", "at most ", "of memory"],
    ),
    case(
        "resamples of nonsense",
        |d| write(d, "scored.csv", "prompt,text,score\na,a good one,1\na,a bad one,2\n"),
        "evaluate --input scored.csv --resamples 1152921504606846976",
        &["resamples", "at most 10000000", "1152921504606846976"],
    ),
];
