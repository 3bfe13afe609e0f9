//! Rewards of programs.
#![allow(clippy::unwrap_used, clippy::panic)]

use align_rewards::{CommandOptions, CommandReward, RewardFunction, RewardInput};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn shell(script: &str, timeout: f64) -> CommandReward {
    let options = CommandOptions { timeout: Duration::from_secs_f64(timeout) };
    CommandReward::new("script", "sh", ["-c".to_owned(), script.to_owned()], options)
}

fn inputs<'a>(texts: &[&'a str]) -> Vec<RewardInput<'a>> {
    texts.iter().map(|text| RewardInput::new("Prompt", text)).collect()
}

/// The message of a script that does not answer as it should.
fn problem(script: &str, timeout: f64) -> String {
    let begin = Instant::now();
    let problem = shell(script, timeout).rewards(&inputs(&["a", "b"])).unwrap_err().to_string();
    assert!(problem.contains("reward script, command sh -c"), "{problem}");
    assert!(begin.elapsed() < Duration::from_secs(10), "{script}: {:?}", begin.elapsed());
    problem
}

#[test]
fn a_program_serves_several_batches() {
    // Counts its lines, so a second process would begin anew.
    let mut function =
        shell("n=0; while read -r line; do n=$((n+1)); if [ $n = 2 ]; then echo null; else echo $n; fi; done", 10.0);
    assert_eq!(function.rewards(&inputs(&["a", "b", "c"])).unwrap(), [Some(1.0), None, Some(3.0)]);
    assert_eq!(function.rewards(&inputs(&[])).unwrap(), []);
    assert_eq!(function.rewards(&inputs(&["d"])).unwrap(), [Some(4.0)]);
}

#[test]
fn lines_have_prompt_completion_and_messages() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("lines.jsonl");
    let script = format!("while read -r line; do printf '%s\\n' \"$line\" >> '{}'; echo 0; done", copy.display());
    let messages = [json!({"role": "user", "content": "Hi\n\"you\""})];
    let mut function = shell(&script, 10.0);
    let conversation = RewardInput { prompt: "<user>Hi", completion: "a\nb\u{2028}\\n", messages: Some(&messages) };
    function.rewards(&[conversation, RewardInput::new("p", "c")]).unwrap();
    let lines = std::fs::read_to_string(&copy).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = json!({"prompt": "<user>Hi", "completion": "a\nb\u{2028}\\n", "messages": [{"role": "user", "content": "Hi\n\"you\""}]});
    assert_eq!(lines, [expected, json!({"prompt": "p", "completion": "c"})]);
}

#[test]
fn many_long_texts_do_not_fill_the_pipes() {
    let text = "word ".repeat(4000);
    let many = vec![text.as_str(); 300];
    // One program answers as it reads; another reads all of a batch first, and answers much.
    for script in [
        "while read -r line; do echo 1; done",
        "i=0; while [ $i -lt 300 ]; do read -r line; i=$((i+1)); done; yes 1 | head -n 300",
    ] {
        assert_eq!(shell(script, 30.0).rewards(&inputs(&many)).unwrap(), vec![Some(1.0); 300], "{script}");
    }
}

#[test]
fn answers_that_are_no_numbers() {
    assert!(
        problem("read x; echo 1; read x; echo good; cat", 10.0)
            .contains("answer 2 is \"good\", expected a number or null")
    );
    assert!(problem("read x; echo; cat", 10.0).contains("answer 1 is an empty line"));
    assert!(problem("read x; echo 1 2; cat", 10.0).contains("answer 1 is \"1 2\""));
    assert!(problem("read x; printf '\\377\\n'; cat", 10.0).contains("answer 1 is"));
    let long = problem("read x; head -c 3000000 /dev/zero | tr '\\0' 1; echo; cat", 10.0);
    assert!(long.contains("answer 1 has more than 1048576 bytes"), "{long}");
}

#[test]
fn programs_that_end_hang_or_do_not_exist() {
    let ended = problem("read x; echo 1; echo 'cannot load' >&2; exit 3", 10.0);
    for part in ["ended before answer 2", "exit status: 3", "cannot load"] {
        assert!(ended.contains(part), "{ended}");
    }
    assert!(problem("read x; echo 1; sleep 1000", 0.3).contains("no answer 2 within 0.3 s"));
    // Neither reads nor answers, with a child that holds the pipes.
    assert!(problem("sleep 1000 & sleep 1000", 0.3).contains("no answer 1"));
    let mut missing = CommandReward::new("missing", "/no/such/program", [], CommandOptions::default());
    let message = missing.rewards(&inputs(&["a"])).unwrap_err().to_string();
    assert!(message.contains("/no/such/program") && message.contains("cannot be started"), "{message}");
}

#[test]
fn lines_that_nobody_asked_for() {
    let mut function = shell("read x; echo 1; echo 2; cat", 10.0);
    assert_eq!(function.rewards(&inputs(&["a"])).unwrap(), [Some(1.0)]);
    std::thread::sleep(Duration::from_millis(300));
    let message = function.rewards(&inputs(&["b"])).unwrap_err().to_string();
    assert!(message.contains("more lines than it was given"), "{message}");
}

#[test]
fn a_program_that_failed_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let script = format!("if [ -e '{0}' ]; then while read x; do echo 5; done; fi; touch '{0}'", mark.display());
    let mut function = shell(&script, 10.0);
    function.rewards(&inputs(&["a"])).unwrap_err();
    assert_eq!(function.rewards(&inputs(&["a"])).unwrap(), [Some(5.0)]);
}

fn is_running(pid: &str) -> bool {
    // A zombie has ended.
    let status = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

#[test]
fn programs_and_their_children_end_with_the_function() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    // Ignores the end of its input.
    let script = format!("sleep 1000 & echo $! $$ > '{}'; read x; echo 1; sleep 1000", pids.display());
    let mut function = shell(&script, 10.0);
    function.rewards(&inputs(&["a"])).unwrap();
    let pids = std::fs::read_to_string(&pids).unwrap();
    let pids: Vec<&str> = pids.split_whitespace().collect();
    assert!(pids.len() == 2 && pids.iter().all(|pid| is_running(pid)));
    drop(function);
    std::thread::sleep(Duration::from_millis(200));
    assert!(!pids.iter().any(|pid| is_running(pid)), "{pids:?}");
}

#[test]
fn arguments_are_not_those_of_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["-n", "-u", "s/.*/1/p", "--", "-"].map(str::to_owned);
    let mut function = CommandReward::new("sed", "sed", arguments, CommandOptions::default());
    assert_eq!(function.rewards(&inputs(&["$(touch x); `touch y`"])).unwrap(), [Some(1.0)]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(Command::new("sed").arg("--version").output().is_ok());
}
