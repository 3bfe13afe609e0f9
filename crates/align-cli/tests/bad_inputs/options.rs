//! Options that are misspelt, contradict each other or have no effect.

use crate::case::*;
use std::fs;

pub const CASES: &[Case] = &[
    case(
        "an unknown loss",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --loss-type sigmiod",
        &["sigmiod", "hinge", "did you mean sigmoid?"],
    ),
    case(
        "an option of another loss",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --discopop-tau 0.1",
        &["--discopop-tau", "sigmoid", "discopop"],
    ),
    case(
        "a divergence that the loss ignores",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --loss-type aot --f-divergence-type forward_kl",
        &["forward_kl", "aot"],
    ),
    case(
        "loss weights with a single loss",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --loss-weights 1,2",
        &["--loss-weights is set", "a single loss, sigmoid"],
    ),
    case(
        "an option of SimPO with ORPO",
        no_files,
        "cpo --train-file pairs.jsonl --output-dir run --loss-type orpo --simpo-gamma 1",
        &["--simpo-gamma", "orpo"],
    ),
    case(
        "a weight that BCO ignores",
        no_files,
        "kto --train-file labelled.jsonl --output-dir run --loss-type bco --desirable-weight 2",
        &["--desirable-weight", "kto"],
    ),
    case(
        "a label that is not true or false",
        |d| write(d, "labelled.jsonl", r#"{"prompt": "This", "completion": " film", "label": "good"}"#),
        "kto --train-file labelled.jsonl --output-dir run",
        &["labelled.jsonl", "label", "true or false"],
    ),
    case(
        "beta of 0",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --beta 0",
        &["beta", "above 0, found 0"],
    ),
    case(
        "beta below 0",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --beta -0.1",
        &["beta", "above 0, found -0.1"],
    ),
    case(
        "both epochs and steps",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --max-steps 2 --num-train-epochs 1",
        &["--max-steps", "--num-train-epochs", "one of the two"],
    ),
    case(
        "label smoothing that hinge would ignore",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --loss-type hinge --label-smoothing 0.1",
        &["--label-smoothing", "hinge would ignore"],
    ),
    case(
        "a misspelled option",
        no_files,
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
        no_files,
        "generate --prompt This --temperature 0.5",
        &["temperature", "--do-sample"],
    ),
    case(
        "a negative temperature",
        no_files,
        "generate --prompt This --do-sample --temperature -1",
        &["temperature", "-1"],
    ),
    case(
        "more texts than beams",
        no_files,
        "generate --prompt This --num-beams 2 --num-return-sequences 3",
        &["--num-return-sequences", "3", "2"],
    ),
    case(
        "beams in a stream",
        no_files,
        "generate --prompt This --num-beams 2 --stream",
        &["--num-beams", "not known until the end", "set it to 1"],
    ),
    case("a stream without a prompt", no_files, "generate --stream", &["--stream", "--prompt"]),
    case("a batch size of 0", no_files, "generate --prompt This --batch-size 0", &["--batch-size", "at least 1"]),
    case(
        "a folder with the journal's name",
        |d| fs::create_dir(d.join("texts.csv.partial")).unwrap(),
        "generate --prompt This --output texts.csv",
        &["texts.csv.partial is not a file"],
    ),
    case(
        "another file with the journal's name",
        |d| write(d, "texts.csv.partial", "my notes\n"),
        "generate --prompt This --output texts.csv --overwrite",
        &["texts.csv.partial is not a journal", "move it away"],
    ),
    case("an unknown device", no_files, "generate --prompt This --device gpu", &["\"gpu\"", "cpu, cuda"]),
    case(
        "evaluation without data",
        |d| write(d, "pairs.jsonl", PAIR),
        "dpo --train-file pairs.jsonl --output-dir run --eval-strategy epoch",
        &["--eval-strategy", "--eval-file"],
    ),
    case(
        "KTO in batches of one row",
        |d| write(d, "labelled.jsonl", LABELLED.repeat(4)),
        "kto --train-file labelled.jsonl --output-dir run --per-device-train-batch-size 1 --gradient-accumulation-steps 4",
        &["--per-device-train-batch-size", "is 1", "at least 2", "--gradient-accumulation-steps"],
    ),
    case(
        "KTO with one row in an epoch's last batch",
        |d| write(d, "labelled.jsonl", LABELLED.repeat(5)),
        "kto --train-file labelled.jsonl --output-dir run --per-device-train-batch-size 4",
        &["--per-device-train-batch-size", "is 4", "5 training rows", "set it to 5"],
    ),
    case(
        "control characters in an option's value",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --beta \u{1b}]0;title\u{7}",
        &["--beta", "expected a number"],
    ),
    case(
        "control characters in a path",
        no_files,
        "dpo --train-file \u{1b}[2Jpairs.jsonl --output-dir run",
        &["\\u{1b}[2Jpairs.jsonl"],
    ),
    case(
        "control characters in a value of the config file",
        |d| write(d, "run.toml", "beta = \"\\u001b[31mred\"\ntrain-file = \"pairs.jsonl\"\noutput-dir = \"run\"\n"),
        "dpo --config run.toml",
        &["beta", "red"],
    ),
    case(
        "control characters in a key of the config file",
        |d| write(d, "run.toml", "\"\\u001b[31mred\" = 1\n"),
        "dpo --config run.toml --train-file pairs.jsonl --output-dir run",
        &["red"],
    ),
    case(
        "a key given in two spellings",
        |d| write(d, "run.toml", "train-file = \"a.jsonl\"\ntrain_file = \"b.jsonl\"\n"),
        "dpo --config run.toml --output-dir run",
        &["run.toml", "train-file and train_file", "leave one of them out"],
    ),
    case(
        "a seed beyond 64 bits",
        no_files,
        "dpo --train-file pairs.jsonl --output-dir run --seed 18446744073709551616",
        &["--seed", "18446744073709551616"],
    ),
    case("a seed below 0", no_files, "pair --input in.csv --output pairs.jsonl --seed -1", &["--seed", "-1"]),
    case(
        "a score without a form",
        |d| write(d, "in.csv", "text\na\n"),
        "classify --input in.csv --output out.csv --score positive",
        &["--score", "positive", "log-odds:LABEL"],
    ),
    case(
        "a score of a label that the model does not have",
        |d| write(d, "in.csv", "text\na\n"),
        "classify --input in.csv --output out.csv --score logit:HAPPY",
        &["--score", "distilbert-tiny", "\"HAPPY\"", "\"NEGATIVE\" (0), \"POSITIVE\" (1)"],
    ),
    case(
        "a scalar score with two outputs",
        no_files,
        "notebook --score scalar",
        &["--score", "scalar is for one output, the model has 2"],
    ),
    case(
        "labels that do not say which is better",
        |d| {
            copy_model(d, "distilbert-tiny");
            replace(d, "config.json", "\"NEGATIVE\"", "\"dull\"");
            write(d, "in.csv", "text\na\n")
        },
        "classify --model model --input in.csv --output out.csv",
        &["--score, model", "\"dull\" (0), \"POSITIVE\" (1)", "minus-logit:LABEL"],
    ),
    case(
        "a score without a model",
        |d| write(d, "in.csv", "text,score\na,1\n"),
        "evaluate --input in.csv --score logit:POSITIVE",
        &["--score", "--model"],
    ),
];
