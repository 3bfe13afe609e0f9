//! Outputs whose names are taken by other files, inputs that an output would replace, and unknown metrics.

use crate::case::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const SCORED: &str = "prompt,text,score\na,b,1\na,c,2\n";

fn write_pairs(dir: &Path) {
    write(dir, "pairs.jsonl", PAIR.repeat(4));
}

/// Writes a file of the user's into `run`, with a name that a run writes.
fn run_with(dir: &Path, name: &str) {
    write_pairs(dir);
    fs::create_dir(dir.join("run")).unwrap();
    write(dir, &format!("run/{name}"), "mine");
}

pub const CASES: &[Case] = &[
    case(
        "a run in a folder with another config.toml",
        |d| run_with(d, "config.toml"),
        DPO,
        &["run", "config.toml (not written by this run)", "Move them away"],
    ),
    case(
        "a run in a folder with another run.json",
        |d| run_with(d, "run.json"),
        DPO,
        &["run", "run.json", "move it away"],
    ),
    case(
        "a run in the folder of its model",
        copy_gpt2_and_pairs,
        "dpo --train-file pairs.jsonl --model model --output-dir model",
        &["the folder of model", "write into model", "another folder"],
    ),
    case(
        "a run inside the folder of its model",
        copy_gpt2_and_pairs,
        "dpo --train-file pairs.jsonl --model model --output-dir model/runs/1",
        &["the folder of model", "write into model", "another folder"],
    ),
    case(
        "training data with the name of the run's samples",
        |d| {
            fs::create_dir(d.join("run")).unwrap();
            write(d, "run/samples.jsonl", PAIR)
        },
        "dpo --train-file run/samples.jsonl --output-dir run",
        &["--train-file", "samples.jsonl", "another folder"],
    ),
    case(
        "cached log-probabilities in the folder of the final model",
        write_pairs,
        "dpo --train-file pairs.jsonl --output-dir run --precompute-ref-log-probs --ref-log-probs-dir run/model",
        &["--ref-log-probs-dir", "run/model", "another folder"],
    ),
    case(
        "scored texts that would replace the input",
        |d| write(d, "in.csv", "text\na\n"),
        "classify --input in.csv --output ./in.csv --overwrite",
        &["in.csv", "same as the input", "another name"],
    ),
    case(
        "pairs that would replace the input through a link",
        |d| {
            write(d, "in.csv", SCORED);
            symlink("in.csv", d.join("out.csv")).unwrap()
        },
        "pair --input in.csv --output out.csv --overwrite",
        &["out.csv", "in.csv", "another name"],
    ),
    case(
        "a folder with the output table's name",
        |d| {
            write(d, "in.csv", SCORED);
            fs::create_dir(d.join("out.csv")).unwrap()
        },
        "pair --input in.csv --output out.csv --overwrite",
        &["out.csv", "a folder"],
    ),
    case(
        "a dangling link with the output table's name",
        |d| {
            write(d, "in.csv", SCORED);
            symlink("none.csv", d.join("out.csv")).unwrap()
        },
        "pair --input in.csv --output out.csv",
        &["out.csv", "exists already"],
    ),
    case(
        "a device as the output",
        |d| write(d, "in.csv", SCORED),
        "evaluate --input in.csv --output /dev/null --overwrite",
        &["/dev/null", "a device"],
    ),
    case(
        "an evaluation that would replace the input",
        |d| write(d, "in.csv", SCORED),
        "evaluate --input in.csv --output in.csv --overwrite",
        &["in.csv", "another name"],
    ),
    case(
        "a converted model that would replace the input",
        copy_gpt2,
        "convert --model model --dtype float16 --output-dir ./model --overwrite",
        &["model", "same as the input", "another name"],
    ),
    case(
        "a converted model in a folder with other files",
        |d| {
            copy_gpt2(d);
            fs::create_dir(d.join("out")).unwrap();
            write(d, "out/notes.txt", "mine")
        },
        "convert --model model --dtype float16 --output-dir out --overwrite",
        &["out", "notes.txt", "Move them away"],
    ),
    case(
        "a sweep in a folder with another report.html",
        |d| {
            fs::create_dir(d.join("sweep")).unwrap();
            write(d, "sweep/sweep.json", "{}");
            write(d, "sweep/report.html", "mine")
        },
        "frontier --output-dir sweep --quick",
        &["sweep/report.html", "move it away"],
    ),
    case(
        "a misspelt metric",
        write_pairs,
        "dpo --train-file pairs.jsonl --eval-file pairs.jsonl --output-dir run --eval-strategy epoch --early-stopping-patience 1 --metric-for-best-model rewards/margin",
        &["--metric-for-best-model", "rewards/margin", "did you mean rewards/margins?"],
    ),
    case(
        "a metric of another objective",
        write_pairs,
        "cpo --train-file pairs.jsonl --eval-file pairs.jsonl --output-dir run --eval-strategy epoch --early-stopping-patience 1 --metric-for-best-model eval_kl",
        &["--metric-for-best-model", "eval_kl", "nll_loss"],
    ),
];

fn copy_gpt2_and_pairs(dir: &Path) {
    copy_gpt2(dir);
    write_pairs(dir);
}
