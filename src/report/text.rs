//! Text of others: what AWS, a file or an argument says.

use std::fmt::{self, Write as _};

/// Text from elsewhere, which must not send a terminal escape sequences, nor turn the direction of what stands there.
pub(crate) struct Plain<'t>(pub(crate) &'t str);

impl Plain<'_> {
    /// Whether the text is shown as it is.
    pub(crate) fn is_whole(&self) -> bool {
        !self.0.chars().any(is_hidden)
    }
}

fn is_hidden(character: char) -> bool {
    let is_mark = matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    is_mark || character.is_control()
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| f.write_char(if is_hidden(character) { '?' } else { character }))
    }
}

#[cfg(test)]
mod tests {
    use super::Plain;

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        let text = Plain("a\u{1b}[2Jb\nc\u{9b}d\u{7f}\u{202e} \u{fc}");
        assert_eq!(text.to_string(), "a?[2Jb?c?d?? \u{fc}");
        assert!(!text.is_whole() && Plain("\u{fc}").is_whole());
    }
}
