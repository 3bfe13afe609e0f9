//! Outputs that exist or cannot be written, and checkpoints that do not fit the run.

use crate::case::*;
use std::fs;

pub const CASES: &[Case] = &[
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
        "an output folder that cannot be created",
        |d| write(d, "pairs.jsonl", PAIR),
        "dpo --train-file pairs.jsonl --output-dir /proc/run",
        &["/proc/run"],
    ),
    case(
        "a run folder that exists",
        |d| {
            write(d, "pairs.jsonl", PAIR);
            fs::create_dir(d.join("run")).unwrap();
            write(d, "run/metrics.jsonl", "{\"loss\": 0.5, \"epoch\": 1.0, \"step\": 1}\n")
        },
        DPO,
        &["run", "already contains a run", "--resume"],
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
            run_with_checkpoint(d);
            copy_gpt2(d);
            corrupt(d, "model.safetensors", |mut b| {
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
            run_with_checkpoint(d);
            write(d, "pairs.jsonl", PAIR.replace("great", "good").repeat(4))
        },
        RESUME,
        &["checkpoint-1", "other training rows"],
    ),
    case(
        "a checkpoint of other options",
        run_with_checkpoint,
        short_run!(" --beta 0.5 --resume"),
        &["checkpoint-1", "beta = 0.1, but this run has 0.5"],
    ),
    case(
        "a checkpoint with damaged optimiser moments",
        |d| {
            run_with_checkpoint(d);
            let path = d.join("run/checkpoint-1/optimizer.safetensors");
            let b = fs::read(&path).unwrap();
            fs::write(path, &b[..b.len() / 2]).unwrap()
        },
        RESUME,
        &["optimizer.safetensors", "damaged", "bytes"],
    ),
    case(
        "a checkpoint with a damaged trainer state",
        |d| {
            run_with_checkpoint(d);
            write(d, "run/checkpoint-1/trainer_state.json", "{\"step\": -1}")
        },
        RESUME,
        &["trainer_state.json", "damaged"],
    ),
];
