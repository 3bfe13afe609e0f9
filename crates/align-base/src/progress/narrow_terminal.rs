use console::Term;
use indicatif::TermLike;
use std::io;

/// Columns that stay free at the end of a line.
pub const FREE_WIDTH: u16 = 3;

/// Standard error, a little narrower than it is. indicatif fills the last line up to the width. A terminal echoes `^C` after it; in a full
/// line the echo would begin a new line, and the bar above could not be cleared.
#[derive(Debug)]
pub struct NarrowTerminal(Term);

impl NarrowTerminal {
    pub fn stderr() -> Self {
        Self(Term::stderr())
    }
}

impl TermLike for NarrowTerminal {
    fn width(&self) -> u16 {
        TermLike::width(&self.0).saturating_sub(FREE_WIDTH)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        TermLike::move_cursor_up(&self.0, n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        TermLike::move_cursor_down(&self.0, n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        TermLike::move_cursor_right(&self.0, n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        TermLike::move_cursor_left(&self.0, n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        TermLike::write_line(&self.0, text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        TermLike::write_str(&self.0, text)
    }

    fn clear_line(&self) -> io::Result<()> {
        TermLike::clear_line(&self.0)
    }

    fn flush(&self) -> io::Result<()> {
        TermLike::flush(&self.0)
    }
}
