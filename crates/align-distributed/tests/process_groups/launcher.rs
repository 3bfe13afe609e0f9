//! Local processes that the library starts.

use crate::support::{ARGUMENTS, SCENARIO};
use align_distributed::{End, LocalLauncher, OutputLine, RankFailure, Stream};
use align_torch::TerminationSignal;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<OutputLine>>>);

impl Lines {
    fn sink(&self) -> impl Fn(&OutputLine) + Send + Sync + 'static {
        let lines = self.0.clone();
        move |line| lines.lock().unwrap().push(line.clone())
    }

    fn count(&self, text: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.text == text).count()
    }

    fn wait_for(&self, count: usize, text: &str) {
        let start = Instant::now();
        while self.count(text) < count {
            assert!(start.elapsed() < Duration::from_secs(30), "{:?}", self.0.lock().unwrap());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn own(scenario: &str, processes: usize) -> LocalLauncher {
    LocalLauncher::new(std::env::current_exe().unwrap(), processes).args(ARGUMENTS).env(SCENARIO, scenario)
}

fn shell(script: &str, processes: usize) -> LocalLauncher {
    LocalLauncher::new("sh", processes).args(["-c", script])
}

#[test]
fn processes_form_a_group_and_their_lines_have_ranks() {
    let lines = Lines::default();
    own("rank", 3).start(lines.sink()).unwrap().wait().unwrap();
    let lines = lines.0.lock().unwrap();
    for rank in 0..3 {
        let text = format!("result: rank {rank} of 3");
        let line = lines.iter().find(|line| line.text == text).unwrap();
        assert_eq!((line.rank, line.stream), (rank, Stream::Output));
        assert_eq!(line.to_string(), format!("[rank {rank}] {text}"));
    }
}

#[test]
fn the_last_line_needs_no_end_and_error_output_is_marked() {
    let lines = Lines::default();
    shell("printf 'a\\n\\nb'; printf c >&2", 1).start(lines.sink()).unwrap().wait().unwrap();
    let lines = lines.0.lock().unwrap();
    let of = |stream| lines.iter().filter(move |line| line.stream == stream).map(|line| line.text.as_str());
    assert_eq!(of(Stream::Output).collect::<Vec<_>>(), ["a", "", "b"]);
    assert_eq!(of(Stream::Error).collect::<Vec<_>>(), ["c"]);
}

#[test]
fn one_failure_ends_all() {
    let start = Instant::now();
    let lines = Lines::default();
    let failure = own("exit", 3).start(lines.sink()).unwrap().wait().unwrap_err();
    assert_eq!(failure, RankFailure { rank: 1, end: End::Code(101) });
    assert_eq!(failure.to_string(), "rank 1 ended with exit code 101");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn processes_that_ignore_sigterm_are_killed_after_the_grace() {
    let start = Instant::now();
    let script = "if [ $RANK = 1 ]; then kill -KILL $$; fi; trap '' TERM; while :; do sleep 0.05; done";
    let launcher = shell(script, 2).grace(Duration::from_millis(300));
    let failure = launcher.start(|_| {}).unwrap().wait().unwrap_err();
    assert_eq!(failure, RankFailure { rank: 1, end: End::Signal(9) });
    assert_eq!(failure.to_string(), "rank 1 was ended by SIGKILL");
    assert!((0.3..20.0).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
}

#[test]
fn signals_are_handed_on_and_then_there_is_no_haste() {
    let script = "trap 'sleep 0.$RANK; echo stopping; exit 130' INT; echo ready; while :; do sleep 0.02; done";
    let lines = Lines::default();
    let processes = shell(script, 3).grace(Duration::ZERO).start(lines.sink()).unwrap();
    let forward = processes.forward();
    lines.wait_for(3, "ready");
    let waiting = std::thread::spawn(move || processes.wait());
    forward(TerminationSignal::Interrupt);
    let failure = waiting.join().unwrap().unwrap_err();
    assert_eq!(failure, RankFailure { rank: 0, end: End::Code(130) });
    assert_eq!(lines.count("stopping"), 3);
}

#[test]
fn a_process_that_fails_after_a_signal_ends_those_that_do_not_stop() {
    let start = Instant::now();
    // Rank 0 stops as it was asked to, rank 1 fails later, and rank 2 does not stop at all.
    let script = "case $RANK in 0) trap 'exit 130' INT;; 1) trap 'sleep 0.2; exit 1' INT;; *) trap '' INT;; esac
        echo ready; while :; do sleep 0.02; done";
    let lines = Lines::default();
    let processes = shell(script, 3).start(lines.sink()).unwrap();
    let forward = processes.forward();
    lines.wait_for(3, "ready");
    let waiting = std::thread::spawn(move || processes.wait());
    forward(TerminationSignal::Interrupt);
    let failure = waiting.join().unwrap().unwrap_err();
    assert_eq!(failure, RankFailure { rank: 1, end: End::Code(1) });
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_process_that_is_stopped_goes_on_when_another_has_ended() {
    let script = "if [ $RANK = 1 ]; then kill -STOP $$; fi; echo ended";
    let lines = Lines::default();
    shell(script, 2).start(lines.sink()).unwrap().wait().unwrap();
    assert_eq!(lines.count("ended"), 2);
}

#[test]
fn only_the_process_that_failed_says_why() {
    let script = "trap 'echo because of rank 1 >&2; echo ended; exit 1' TERM
        echo ready >&2; [ $RANK = 1 ] && sleep 0.3 && echo cause >&2 && exit 3; while :; do sleep 0.02; done";
    let lines = Lines::default();
    let failure = shell(script, 3).start(lines.sink()).unwrap().wait().unwrap_err();
    assert_eq!(failure, RankFailure { rank: 1, end: End::Code(3) });
    assert_eq!(["ready", "cause", "because of rank 1", "ended"].map(|text| lines.count(text)), [3, 1, 0, 2]);
}

#[test]
fn dropping_the_processes_ends_them() {
    let lines = Lines::default();
    let processes = shell("echo $$; echo ready; exec sleep 60", 2).start(lines.sink()).unwrap();
    lines.wait_for(2, "ready");
    drop(processes);
    for line in lines.0.lock().unwrap().iter().filter(|line| line.text != "ready") {
        let process = nix::unistd::Pid::from_raw(line.text.parse().unwrap());
        assert!(nix::sys::signal::kill(process, None).is_err());
    }
}

#[test]
fn a_launch_that_cannot_start() {
    let problem = LocalLauncher::new("/no/such/program", 2).start(|_| {}).map(|_| ()).unwrap_err().to_string();
    assert!(problem.contains("starting /no/such/program: No such file"), "{problem}");
    let problem = shell("", 0).start(|_| {}).map(|_| ()).unwrap_err().to_string();
    assert!(problem.contains("the number of processes is 0"), "{problem}");
}
