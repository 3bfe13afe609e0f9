use crate::every_command::{COMMANDS, inputs};
use crate::pseudo_terminal::{PseudoTerminal, has_bar};
use std::process::Stdio;

/// A line without what differs from run to run: times, and the folder that the test runs in.
fn without_times(line: &str) -> String {
    let mut text = String::new();
    for word in line.split(' ') {
        let is_number = word.trim_start_matches('(').starts_with(|c: char| c.is_ascii_digit());
        text.push_str(if is_number { "#" } else { word });
        text.push(' ');
    }
    text.trim_end().replace("# min # s", "# s").replace("# min", "# s")
}

/// In a terminal, each command prints the lines of standard output that it prints to a pipe, in this order, with nothing left of its
/// progress bars between and after them.
#[test]
fn a_terminal_shows_what_a_pipe_gets_and_no_debris() {
    for invocation in COMMANDS {
        let piped = inputs();
        let output = invocation.command(piped.path()).stdout(Stdio::piped()).output().unwrap();
        let what = invocation.command_line();
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        let expected: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(without_times).collect();

        let dir = inputs();
        let (status, rows) = PseudoTerminal::start(invocation.command(dir.path())).finish();
        assert!(status.success(), "{what}: {rows:#?}");
        let bars: Vec<&String> = rows.iter().filter(|row| has_bar(row)).collect();
        assert!(bars.is_empty(), "{what}: {bars:#?}");
        let mut shown = rows.iter().map(|row| without_times(row));
        for line in expected.iter().filter(|line| !line.is_empty()) {
            assert!(shown.any(|row| row == *line), "{what}: no {line:?} in\n{}", rows.join("\n"));
        }
    }
}
