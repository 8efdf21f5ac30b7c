//! Text of others, such as AWS's, a file's or an argument's: a terminal gets it through [`Screen`] alone.

use std::{
    fmt::Display,
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
        writeln!(self.0, "{}", plain(text))
    }

    /// Writes a line of parts, each in its style.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn styled_line(&mut self, parts: &[(Style, &dyn Display)]) -> io::Result<()> {
        for (style, text) in parts {
            write!(self.0, "{style}{}{style:#}", plain(text))?;
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
pub(crate) fn plain(text: impl Display) -> String {
    text.to_string().replace(is_hidden, "?")
}

/// Whether a reader does not see the character, or sees what stands beside it in another way: controls, line and paragraph
/// separators, marks of direction and whatever else Unicode ignores by default, annotation marks, noncharacters.
pub(crate) fn is_hidden(character: char) -> bool {
    match character {
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fdd0}'..='\u{fdef}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => character.is_control() || u32::from(character) & 0xfffe == 0xfffe,
    }
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;
    use regex::Regex;

    use super::*;

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        let mut shown = Vec::new();
        let mut screen = Screen::new(&mut shown);
        screen.line("a\u{1b}[2Jb\nc\u{9b}d\u{7f}\u{202e} \u{fc}").unwrap();
        screen.styled_line(&[(AnsiColor::Red.on_default(), &"\u{1b}[0m"), (Style::new(), &"\r\n")]).unwrap();
        assert_eq!(str::from_utf8(&shown).unwrap(), "a?[2Jb?c?d?? \u{fc}\n\u{1b}[31m?[0m\u{1b}[0m??\n");
    }

    #[test]
    fn the_hidden_characters_are_unicodes() {
        let hidden = Regex::new(
            r"[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Noncharacter_Code_Point}\u{FFF9}-\u{FFFB}]",
        )
        .unwrap();
        let wrong: Vec<char> = ('\0'..=char::MAX)
            .filter(|character| is_hidden(*character) != hidden.is_match(character.encode_utf8(&mut [0; 4])))
            .collect();
        assert_eq!(wrong, Vec::<char>::new());
    }
}
