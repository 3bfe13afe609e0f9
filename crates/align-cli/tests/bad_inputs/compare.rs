//! Models that cannot be compared, and options of `align compare` that do not fit.

use crate::case::*;
use std::fs;
use std::path::Path;

fn two_models(dir: &Path) {
    copy_gpt2(dir);
    copy_model_to(&dir.join("other"), "gpt2-tiny");
}

fn with_texts(dir: &Path, texts: &str) {
    two_models(dir);
    write(dir, "texts.txt", texts);
}

pub const CASES: &[Case] = &[
    case("a single model", copy_gpt2, "compare model", &["a single model is given, expected at least two"]),
    case("a model that is not there", copy_gpt2, "compare model missing", &["there is no folder missing"]),
    case(
        "models with other tokenisers",
        |d| {
            copy_gpt2(d);
            copy_model_to(&d.join("other"), "llama-tiny");
        },
        "compare model other",
        &["other"],
    ),
    case(
        "models of other sizes",
        |d| {
            two_models(d);
            let path = d.join("other/config.json");
            let config = fs::read_to_string(&path).unwrap();
            fs::write(path, config.replace("\"n_head\": 4", "\"n_head\": 2")).unwrap();
        },
        "compare model other",
        &["models: must have one architecture, but from model to other, n_head was 4, is now 2"],
    ),
    case(
        "weights that are NaN",
        |d| {
            model_with_nan(d, "gpt2-tiny", "transformer.h.0.ln_1.bias");
            copy_model_to(&d.join("other"), "gpt2-tiny");
        },
        "compare other model",
        &["other and model", "transformer.h.0.ln_1.bias", "NaN in the second model"],
    ),
    case(
        "an unknown metric",
        two_models,
        "compare model other --metrics weights,cka",
        &["cka", "weights, hidden, divergence, texts, judges"],
    ),
    case(
        "hidden states without texts",
        two_models,
        "compare model other --metrics hidden",
        &["--metrics hidden compares models along texts: give --input"],
    ),
    case("judges that are missing", two_models, "compare model other --metrics judges", &["give --judge"]),
    case(
        "a judge's label that is unknown",
        |d| {
            two_models(d);
            copy_model_to(&d.join("judge"), "distilbert-tiny");
        },
        "compare model other --judge film=judge:logit:GREAT",
        &["--judge film", "GREAT"],
    ),
    case(
        "two judges of one name",
        two_models,
        "compare model other --judge a=judge:logit:0 --judge a=judge:logit:1",
        &["--judge a: two judges have this name"],
    ),
    case("no texts", |d| with_texts(d, ""), "compare model other --input texts.txt", &["texts.txt", "found none"]),
    case(
        "a single text",
        |d| with_texts(d, "This movie was great\n"),
        "compare model other --input texts.txt",
        &["texts.txt: expected at least 2 texts of different prompts", "1 text of one prompt"],
    ),
    case(
        "an empty text",
        |d| with_texts(d, "This movie was great\n\nThe plot\n"),
        "compare model other --input texts.txt",
        &["texts.txt, line 2: the text is empty"],
    ),
    case(
        "texts of a length of one token",
        |d| with_texts(d, "This movie was great\nThe plot\n"),
        "compare model other --input texts.txt --max-length 1",
        &["--max-length is 1, expected at least 2"],
    ),
    case(
        "texts that are longer than the models allow",
        |d| with_texts(d, "This movie was great\nThe plot\n"),
        "compare model other --input texts.txt --max-length 500",
        &["--max-length is 500, but the models take at most 128 tokens"],
    ),
    case(
        "columns of lines",
        |d| with_texts(d, "This movie was great\nThe plot\n"),
        "compare model other --input texts.txt --columns text=line",
        &["--columns has no effect: texts.txt has one text per line"],
    ),
    case(
        "a tree of a distance that is not measured",
        |d| {
            two_models(d);
            copy_model_to(&d.join("third"), "gpt2-tiny");
        },
        "compare model other third --tree texts --output-dir out",
        &["--tree has no effect without texts in --metrics"],
    ),
    case(
        "no tokens",
        |d| with_texts(d, "This movie was great\nThe plot\n"),
        "compare model other --input texts.txt --max-tokens 0",
        &["--max-tokens: is 0, expected at least 8"],
    ),
    case(
        "a limit of texts without texts",
        two_models,
        "compare model other --max-texts 5",
        &["--max-texts", "--input"],
    ),
    case(
        "texts that nothing reads",
        |d| with_texts(d, "This movie was great\nThe plot\n"),
        "compare model other --metrics weights --input texts.txt",
        &["--input has no effect without hidden or divergence"],
    ),
    case(
        "an embedder without texts",
        two_models,
        "compare model other --metrics weights --embedder model",
        &["--embedder has no effect without texts"],
    ),
    case(
        "no permutations",
        two_models,
        "compare model other --permutations 0 --max-new-tokens 2 --texts-per-prompt 1",
        &["permutations", "expected at least 1, found 0"],
    ),
    case(
        "no texts per prompt",
        two_models,
        "compare model other --texts-per-prompt 0",
        &["--texts-per-prompt: is 0, expected at least 1"],
    ),
    case(
        "too many texts for their distances to fit memory",
        two_models,
        "compare model other --texts-per-prompt 174",
        &["--texts-per-prompt: is 174 for 46 prompts", "at most 8000 texts of each model"],
    ),
    case(
        "a single prompt",
        |d| {
            two_models(d);
            write(d, "prompts.txt", "This movie\n")
        },
        "compare model other --prompts prompts.txt",
        &["prompts.txt: expected at least 2 prompts", "found 1"],
    ),
    case(
        "a prompt that occurs twice",
        |d| {
            two_models(d);
            write(d, "prompts.txt", "This movie\nThe plot\nThis movie\n")
        },
        "compare model other --prompts prompts.txt",
        &["prompts.txt, line 3: the prompt occurs twice"],
    ),
    case(
        "a tree of two models",
        two_models,
        "compare model other --tree weights --output-dir out",
        &["--tree has no effect without at least three models"],
    ),
    case(
        "a folder that holds other files",
        |d| {
            two_models(d);
            fs::create_dir(d.join("out")).unwrap();
            write(d, "out/notes.txt", "")
        },
        "compare model other --output-dir out",
        &["out exists already and is not empty"],
    ),
    case(
        "files that a comparison does not replace",
        |d| {
            two_models(d);
            fs::create_dir(d.join("out")).unwrap();
            write(d, "out/notes.txt", "")
        },
        "compare model other --output-dir out --overwrite",
        &["out", "notes.txt", "Move them away"],
    ),
];
