use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Columns of the terminal.
pub const COLUMNS: u16 = 80;
/// Enough rows for all output, so that nothing scrolls away.
const ROWS: u16 = 500;
/// How long a command may take.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A command in a pseudo-terminal.
pub struct PseudoTerminal {
    child: Child,
    output: File,
    screen: vt100::Parser,
}

impl PseudoTerminal {
    pub fn start(mut command: Command) -> Self {
        let size = Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        let terminal = openpty(&size, None).unwrap();
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("COLUMNS");
        command.stdin(end(&terminal.slave)).stdout(end(&terminal.slave)).stderr(end(&terminal.slave));
        let child = command.spawn().unwrap();
        // The command keeps copies; while it keeps any, reading blocks at the end of output instead of failing.
        drop((command, terminal.slave));
        Self { child, output: File::from(terminal.master), screen: vt100::Parser::new(ROWS, COLUMNS, 0) }
    }

    /// Reads output until the screen contains `text`.
    pub fn wait_for(&mut self, text: &str) {
        let begin = Instant::now();
        while !self.screen.screen().contents().contains(text) {
            assert!(begin.elapsed() < TIMEOUT && self.read(), "no {text:?} in\n{}", self.screen.screen().contents());
        }
    }

    /// Types text.
    pub fn type_text(&mut self, text: &str) {
        self.output.write_all(text.as_bytes()).unwrap();
    }

    /// Types Ctrl-C, which the terminal echoes as `^C`, and sends its signal, which only a controlling terminal would do by itself.
    pub fn interrupt(&mut self) {
        self.output.write_all(b"\x03").unwrap();
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGINT).unwrap();
    }

    /// Waits for the end of a command whose lines may be longer than the screen, such as texts of a model.
    pub fn exit_status(mut self) -> ExitStatus {
        while self.read() {}
        self.child.wait().unwrap()
    }

    /// Waits for the end. Returns the exit status and the rows of the screen.
    pub fn finish(mut self) -> (ExitStatus, Vec<String>) {
        while self.read() {}
        let screen = self.screen.screen();
        let rows: Vec<String> = screen.rows(0, COLUMNS).map(|row| row.trim_end().to_owned()).collect();
        let wrapped = (0..ROWS).filter(|row| screen.row_wrapped(*row)).map(|row| rows[row as usize].as_str());
        let wrapped: Vec<&str> = wrapped.collect();
        assert!(wrapped.is_empty(), "longer than {COLUMNS} columns: {wrapped:#?}");
        let used = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        (self.child.wait().unwrap(), rows[..used].to_vec())
    }

    /// Reads some output; `false` at its end.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        // At the end of output, reading from a pseudo-terminal fails.
        let count = self.output.read(&mut bytes).unwrap_or(0);
        self.screen.process(&bytes[..count]);
        count > 0
    }
}

/// Whether a row of the screen has a progress bar.
pub fn has_bar(row: &str) -> bool {
    row.contains(['█', '░'])
}
