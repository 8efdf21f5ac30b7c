//! Text of others, such as AWS's, a file's or an argument's: a terminal gets it through [`Screen`] alone.

use std::{
    fmt::{self, Display},
    io::{self, Write},
};

use anstyle::Style;

/// What people read, at a terminal or in a file in its place. It shows a hidden character as `?`, so that no text sends
/// escape sequences, begins a line of its own or turns the direction of what stands beside it.
pub(crate) struct Screen<'o>(&'o mut dyn Write);

impl<'o> Screen<'o> {
    pub(crate) fn new(out: &'o mut dyn Write) -> Self {
        Self(out)
    }

    /// Writes a line.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.0, "{}", Plain(text))
    }

    /// Writes a line of parts, each in its style.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn styled_line(&mut self, parts: &[(Style, &dyn Display)]) -> io::Result<()> {
        for (style, text) in parts {
            write!(self.0, "{style}{}{style:#}", Plain(text))?;
        }
        writeln!(self.0)
    }

    /// Writes an empty line.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn empty_line(&mut self) -> io::Result<()> {
        writeln!(self.0)
    }
}

/// Text with `?` in place of each hidden character.
pub(crate) struct Plain<T>(pub(crate) T);

impl<T: Display> Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string().replace(is_hidden, "?"))
    }
}

pub(crate) fn is_hidden(character: char) -> bool {
    let is_mark = matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    is_mark || character.is_control()
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;

    use super::*;

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        let mut shown = Vec::new();
        let mut screen = Screen::new(&mut shown);
        screen.line("a\u{1b}[2Jb\nc\u{9b}d\u{7f}\u{202e} \u{fc}").unwrap();
        screen.styled_line(&[(AnsiColor::Red.on_default(), &"\u{1b}[0m"), (Style::new(), &"\r\n")]).unwrap();
        assert_eq!(str::from_utf8(&shown).unwrap(), "a?[2Jb?c?d?? \u{fc}\n\u{1b}[31m?[0m\u{1b}[0m??\n");
    }
}
