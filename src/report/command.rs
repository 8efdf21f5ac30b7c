//! A command, as the words that it consists of.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer};

/// A command to be pasted into a POSIX shell: `Display` quotes each word where it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    words: Vec<String>,
}

impl Command {
    /// The program and its arguments. No argument of a process can hold a NUL character, so that these are left out.
    pub fn new<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        let without_nul = |word: W| {
            let mut word = word.into();
            word.retain(|character| character != '\0');
            word
        };
        Self { words: words.into_iter().map(without_nul).collect() }
    }

    /// The words, each quoted where it must be.
    pub fn quoted(&self) -> impl Iterator<Item = Cow<'_, str>> {
        // Only a NUL character cannot be quoted.
        self.words.iter().map(|word| shlex::try_quote(word).unwrap_or_default())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.quoted().collect::<Vec<_>>().join(" "))
    }
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_no_argument_can_hold_is_left_out() {
        assert_eq!(Command::new(["aws", "a\0b"]).to_string(), "aws ab");
    }

    proptest! {
        #[test]
        fn a_shell_reads_the_words(words in prop::collection::vec("[ -~\\n\\tü]{0,8}", 1..6)) {
            let command = Command::new(words.clone());
            prop_assert_eq!(shlex::split(&command.to_string()), Some(words.clone()));
            let each: Vec<String> = command.quoted().flat_map(|word| shlex::split(&word).unwrap()).collect();
            prop_assert_eq!(each, words);
        }
    }
}
