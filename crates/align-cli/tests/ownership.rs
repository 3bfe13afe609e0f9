//! The program never replaces or removes files that it did not write, and it writes its outputs atomically, also if it is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use align_train::{Error, RunFolder};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};
use support::{command, golden_path, run};

/// All files below a folder with their bytes; for links, their targets.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(dir).unwrap().to_owned();
            if path.is_symlink() {
                found.insert(name, fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
            } else if path.is_dir() {
                found.insert(name, b"folder".to_vec());
                folders.push(path);
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn copy(from: &str, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(golden_path(from)).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Writes the training data of a trainer to `dir`, and returns the options of a short run.
fn data(name: &str, dir: &Path) -> Vec<String> {
    let file = match name {
        "kto" => golden_path("train_kto.jsonl"),
        "sft" => {
            fs::write(dir.join("texts.jsonl"), "{\"text\": \"This movie was great.\"}\n".repeat(4)).unwrap();
            "texts.jsonl".to_owned()
        }
        "train-classifier" => {
            fs::write(dir.join("labels.csv"), "text,label\ngood,1\nbad,0\n").unwrap();
            "labels.csv".to_owned()
        }
        _ => golden_path("train.jsonl"),
    };
    let options =
        ["--max-steps", "2", "--per-device-train-batch-size", "2", "--save-strategy", "steps", "--save-steps", "1"];
    ["--train-file", &file].into_iter().chain(options).map(str::to_owned).collect()
}

fn train(name: &str, dir: &Path, more: &[&str]) -> Output {
    let data = data(name, dir);
    let args: Vec<&str> = data.iter().map(String::as_str).chain(more.iter().copied()).collect();
    run(name, dir, &args)
}

#[test]
fn a_run_rejects_a_folder_with_other_files_and_does_not_change_it() {
    for name in ["dpo", "sft", "cpo", "kto", "reward", "train-classifier"] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let model = if name == "train-classifier" { "models/distilbert-tiny" } else { "models/gpt2-tiny" };
        data(name, dir);
        copy(model, &dir.join("model"));
        fs::write(dir.join("model/notes.txt"), "mine").unwrap();
        fs::write(dir.join("config.toml"), "beta = 0.3\n").unwrap();
        fs::write(dir.join("report.html"), "mine").unwrap();
        let before = contents(dir);
        let refused = train(name, dir, &["--model", "model", "--output-dir", "."]);
        let stderr = message(&refused);
        assert_eq!(refused.status.code(), Some(1), "{name}: {stderr}");
        // The base model is an input, so it is checked first.
        assert!(stderr.contains("--model: the run would overwrite model with"), "{name}: {stderr}");
        let refused = train(name, dir, &["--output-dir", "."]);
        let stderr = message(&refused);
        assert_eq!(refused.status.code(), Some(1), "{name}: {stderr}");
        for part in ["config.toml (not written by this run)", "model (not", "report.html (not", "Move them away"] {
            assert!(stderr.contains(part), "{name}: {stderr} lacks {part}");
        }
        assert_eq!(contents(dir), before, "{name}");
    }
}

#[test]
fn a_checkpoint_not_written_by_the_run_is_neither_deleted_nor_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (name, more) in [("checkpoint-0", vec![]), ("checkpoint-1000", vec!["--save-total-limit", "2"])] {
        fs::create_dir_all(dir.join("run").join(name)).unwrap();
        fs::write(dir.join("run").join(name).join("trainer_state.json"), "{\"global_step\": 1000}").unwrap();
        let refused = train("dpo", dir, &[&["--output-dir", "run"][..], &more].concat());
        let stderr = message(&refused);
        assert!(!refused.status.success() && stderr.contains(&format!("{name} (not written by this run)")), "{stderr}");
        assert_eq!(fs::read_dir(dir.join("run")).unwrap().count(), 1);
        fs::rename(dir.join("run").join(name), dir.join(name)).unwrap();
    }
    // The same for a checkpoint that is added after the run has saved its own.
    assert!(train("dpo", dir, &["--output-dir", "run"]).status.success());
    fs::rename(dir.join("checkpoint-1000"), dir.join("run/checkpoint-1000")).unwrap();
    let newest = align_train::latest_checkpoint(&dir.join("run")).unwrap().unwrap();
    assert!(newest.ends_with("checkpoint-2"), "{}", newest.display());
    fs::remove_file(dir.join("run/report.html")).unwrap();
    let stderr = message(&train("dpo", dir, &["--output-dir", "run", "--resume"]));
    assert!(stderr.contains("checkpoint-1000 (not written by this run)"), "{stderr}");
    assert!(dir.join("run/checkpoint-1000/trainer_state.json").exists());
}

#[test]
fn files_added_to_a_checkpoint_or_a_model_are_not_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert!(train("dpo", dir, &["--output-dir", "run"]).status.success());
    fs::write(dir.join("run/checkpoint-1/notes.txt"), "mine").unwrap();
    fs::remove_dir_all(dir.join("run/checkpoint-2")).unwrap();
    fs::remove_file(dir.join("run/report.html")).unwrap();
    let resumed = train("dpo", dir, &["--output-dir", "run", "--resume", "--save-total-limit", "1"]);
    let stderr = message(&resumed);
    assert!(resumed.status.success() && stderr.contains("was changed after the run wrote it"), "{stderr}");
    assert_eq!(fs::read(dir.join("run/checkpoint-1/notes.txt")).unwrap(), b"mine");
    assert!(dir.join("run/checkpoint-2").exists());

    fs::write(dir.join("run/model/notes.txt"), "mine").unwrap();
    let refused = train("dpo", dir, &["--output-dir", "run", "--resume"]);
    let stderr = message(&refused);
    assert!(!refused.status.success() && stderr.contains("model (changed since the run wrote it)"), "{stderr}");
    fs::remove_file(dir.join("run/model/notes.txt")).unwrap();
    assert!(train("dpo", dir, &["--output-dir", "run", "--resume"]).status.success());
}

#[test]
fn a_run_of_a_version_without_run_json_is_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert!(train("dpo", dir, &["--output-dir", "whole"]).status.success());
    assert!(train("dpo", dir, &["--output-dir", "run"]).status.success());
    for name in ["run.json", "report.html"] {
        fs::remove_file(dir.join("run").join(name)).unwrap();
    }
    fs::remove_dir_all(dir.join("run/checkpoint-2")).unwrap();
    let lines = fs::read_to_string(dir.join("run/metrics.jsonl")).unwrap();
    fs::write(dir.join("run/metrics.jsonl"), lines + "{\"loss\": 0.6").unwrap();

    // The model may have been written by someone else, and transformers writes checkpoints of the same name.
    let refused = message(&train("dpo", dir, &["--output-dir", "run", "--resume"]));
    assert!(refused.contains("model (not written by this run)"), "{refused}");
    fs::remove_dir_all(dir.join("run/model")).unwrap();
    fs::create_dir(dir.join("run/checkpoint-500")).unwrap();
    fs::write(dir.join("run/checkpoint-500/trainer_state.json"), "{\"global_step\": 500}").unwrap();
    let refused = message(&train("dpo", dir, &["--output-dir", "run", "--resume"]));
    assert!(refused.contains("checkpoint-500 (not") && !refused.contains("checkpoint-1 "), "{refused}");
    fs::remove_dir_all(dir.join("run/checkpoint-500")).unwrap();

    let resumed = train("dpo", dir, &["--output-dir", "run", "--resume"]);
    assert!(resumed.status.success(), "{}", message(&resumed));
    assert!(message(&resumed).contains("a run of an earlier version"), "{}", message(&resumed));
    assert_eq!(contents(&dir.join("run/model")), contents(&dir.join("whole/model")));
}

#[test]
fn a_link_is_neither_followed_nor_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    copy("models/gpt2-tiny", &dir.join("target"));
    fs::create_dir(dir.join("run")).unwrap();
    for name in ["model", "config.toml", "metrics.jsonl", "report.html", "checkpoint-1", "samples.jsonl", "tokenizer"] {
        // A link to a folder, and a dangling link.
        for target in ["target", "none"] {
            let link = dir.join("run").join(name);
            std::os::unix::fs::symlink(dir.join(target), &link).unwrap();
            let before = contents(dir);
            let refused = train("dpo", dir, &["--output-dir", "run"]);
            let stderr = message(&refused);
            assert!(
                !refused.status.success() && stderr.contains(&format!("{name} (a link)")),
                "{name} to {target}: {stderr}"
            );
            assert_eq!(contents(dir), before, "{name} to {target}");
            fs::remove_file(link).unwrap();
        }
    }
}

#[test]
fn files_added_to_the_model_during_the_run_are_not_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let folder = RunFolder::open(dir.path()).unwrap();
    let put = |text: &'static str| {
        move |folder: &Path| fs::write(folder.join("weights"), text).map_err(|e| Error::Data(e.to_string()))
    };
    assert_eq!(folder.replace_folder("model", put("one")).unwrap(), dir.path().join("model"));
    assert_eq!(folder.replace_folder("model", put("two")).unwrap(), dir.path().join("model"));
    fs::write(dir.path().join("model/notes"), "mine").unwrap();
    assert_eq!(folder.replace_folder("model", put("three")).unwrap(), dir.path().join("model-2"));
    assert_eq!(fs::read(dir.path().join("model/notes")).unwrap(), b"mine");
    assert_eq!(fs::read(dir.path().join("model-2/weights")).unwrap(), b"three");

    fs::write(dir.path().join("report.html"), "mine").unwrap();
    let refused = folder.write_file("report.html", |file| file.write_all(b"ours")).unwrap_err().to_string();
    assert!(refused.contains("report.html") && refused.contains("move it away"), "{refused}");
    let refused = folder.append_file("report.html").unwrap_err().to_string();
    assert!(refused.contains("report.html"), "{refused}");
    assert_eq!(fs::read(dir.path().join("report.html")).unwrap(), b"mine");
}

/// The path of an unfinished version of `target` in a folder.
fn unfinished(dir: &Path, target: &str) -> Option<PathBuf> {
    let prefix = format!(".unfinished-{target}.");
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)).map(|entry| entry.path()).next()
}

/// Waits until `target` is being written. Returns false if the process ended before that.
fn wait_until_it_writes(child: &mut Child, dir: &Path, target: &str) -> bool {
    while unfinished(dir, target).is_none() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    true
}

fn start(name: &str, dir: &Path, args: &[&str]) -> Child {
    command(name, dir, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_killed_conversion_leaves_the_old_model_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let model = golden_path("models/gpt2-tiny");
    let args = |dtype| ["--model", &model, "--dtype", dtype, "--output-dir", "out", "--overwrite"].map(str::to_owned);
    let begin = Instant::now();
    let mut whole = BTreeMap::new();
    for dtype in ["bfloat16", "float32"] {
        let args = args(dtype);
        let done = run("convert", dir, &args.each_ref().map(String::as_str));
        assert!(done.status.success(), "{}", message(&done));
        whole.insert(dtype, contents(&dir.join("out")));
    }
    let duration = begin.elapsed() / 2;
    assert_ne!(whole["bfloat16"], whole["float32"]);
    let (mut killed, mut while_writing) = (0, 0);
    for round in 0..24 {
        let args = args(if round % 2 == 0 { "bfloat16" } else { "float32" });
        let mut child = start("convert", dir, &args.each_ref().map(String::as_str));
        if round % 3 == 0 {
            while_writing += usize::from(wait_until_it_writes(&mut child, dir, "out"));
        } else {
            std::thread::sleep(duration.mul_f64(0.5 + 0.5 * f64::from(round) / 24.0));
        }
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().code().is_none());
        let found = contents(&dir.join("out"));
        assert!(whole.values().any(|model| *model == found), "round {round}: a mixed model: {:?}", found.keys());
    }
    assert!(killed >= 8 && while_writing >= 4, "{killed} kills, {while_writing} while it wrote");
    // The next conversion removes the unfinished files.
    let done = run("convert", dir, &args("bfloat16").each_ref().map(String::as_str));
    assert!(done.status.success() && contents(&dir.join("out")) == whole["bfloat16"]);
    assert!(unfinished(dir, "out").is_none());
}

#[test]
fn a_model_replaces_only_another_model() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let model = golden_path("models/gpt2-tiny");
    copy("models/gpt2-tiny", &dir.join("out"));
    fs::write(dir.join("out/notes.txt"), "mine").unwrap();
    let before = contents(dir);
    let convert = |more: &[&str]| run("convert", dir, &[&["--dtype", "float16"][..], more].concat());
    let stderr = message(&convert(&["--model", &model, "--output-dir", "out"]));
    assert!(stderr.contains("out exists already and is not empty"), "{stderr}");
    let stderr = message(&convert(&["--model", &model, "--output-dir", "out", "--overwrite"]));
    assert!(stderr.contains("notes.txt") && stderr.contains("Move them away"), "{stderr}");
    let stderr = message(&convert(&["--model", "out", "--output-dir", "out", "--overwrite"]));
    assert!(stderr.contains("out is the same as the input"), "{stderr}");
    assert_eq!(contents(dir), before);
}

/// Writes a table of `rows` texts for one prompt. Its pairs take long to write.
fn write_scored_texts(dir: &Path, name: &str, rows: usize) {
    let text = "a film of some length told at leisure ".repeat(20);
    let lines: String = (0..rows).map(|row| format!("p,{text}{row},{row}\n")).collect();
    fs::write(dir.join(name), format!("prompt,text,score\n{lines}")).unwrap();
}

#[test]
fn unfinished_files_are_removed_only_if_their_writer_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_scored_texts(dir, "many.csv", 300);
    write_scored_texts(dir, "few.csv", 3);
    let pair = |input| ["--input", input, "--output", "out.jsonl", "--strategy", "margin", "--overwrite"];
    // The writer is killed.
    let mut child = start("pair", dir, &pair("many.csv"));
    assert!(wait_until_it_writes(&mut child, dir, "out.jsonl"), "it ended before it wrote");
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it ended before it was killed");
    assert!(unfinished(dir, "out.jsonl").is_some() && !dir.join("out.jsonl").exists());
    let done = run("pair", dir, &pair("few.csv"));
    assert!(done.status.success(), "{}", message(&done));
    assert!(unfinished(dir, "out.jsonl").is_none());
    let few = fs::read(dir.join("out.jsonl")).unwrap();

    // The writer is suspended, so it is still alive.
    let mut child = start("pair", dir, &pair("many.csv"));
    assert!(wait_until_it_writes(&mut child, dir, "out.jsonl"), "it ended before it wrote");
    // Between creating and locking the file, another process may remove it; its writer would notice that. So wait for the first bytes.
    while unfinished(dir, "out.jsonl").is_none_or(|path| path.metadata().map_or(0, |found| found.len()) == 0) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
    }
    let pid = Pid::from_raw(child.id() as i32);
    kill(pid, Signal::SIGSTOP).unwrap();
    assert!(run("pair", dir, &pair("few.csv")).status.success());
    assert!(unfinished(dir, "out.jsonl").is_some(), "a living process's file was removed");
    assert_eq!(fs::read(dir.join("out.jsonl")).unwrap(), few);
    kill(pid, Signal::SIGCONT).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(fs::metadata(dir.join("out.jsonl")).unwrap().len() > 1000 * few.len() as u64);
    assert!(unfinished(dir, "out.jsonl").is_none());
}

#[test]
fn a_run_folder_keeps_other_files_with_names_like_unfinished_ones() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".unfinished-thesis")).unwrap();
    fs::write(dir.path().join(".unfinished-thesis/chapter"), "mine").unwrap();
    fs::create_dir(dir.path().join(".unfinished-checkpoint-3.0123456789ab")).unwrap();
    drop(RunFolder::open(dir.path()).unwrap());
    assert!(dir.path().join(".unfinished-thesis/chapter").exists());
    assert!(!dir.path().join(".unfinished-checkpoint-3.0123456789ab").exists());
}
