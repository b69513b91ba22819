//! The output of the program: short lines, coloured on a terminal only.

use std::fmt::Display;
use std::io::IsTerminal;
use std::time::Instant;

/// Says things, and how long they took.
pub(crate) struct Teller {
    colour: bool,
    began: Instant,
}

impl Teller {
    pub(crate) fn new() -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { colour, began: Instant::now() }
    }

    /// A part of the story begins.
    pub(crate) fn title(&self, text: impl Display) {
        println!("\n{}", self.paint("1", text));
    }

    /// A command that the reader could type.
    pub(crate) fn command(&self, text: impl Display) {
        println!("  {}", self.paint("36", format!("$ {text}")));
    }

    /// What a command said.
    pub(crate) fn output(&self, text: &str) {
        for line in text.lines() {
            println!("  {}", self.paint("2", line));
        }
    }

    /// Something that was just checked.
    pub(crate) fn fact(&self, text: impl Display) {
        println!("  {} {text}", self.paint("32", "✓"));
    }

    /// The last line.
    pub(crate) fn end(&self) {
        println!("\nAll of it was checked. {:.0} s; nothing is left running.", self.seconds());
    }

    /// Seconds since the beginning.
    pub(crate) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn paint(&self, code: &str, text: impl Display) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}
