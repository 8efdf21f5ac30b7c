//! Errors as they are shown.

use std::error::Error;

/// The whole chain of an error, on one line; a source that the text before ends with is not said again.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::chain;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Failure(&'static str, #[source] Option<Box<Failure>>);

    #[test]
    fn a_chain_is_one_line_and_says_nothing_twice() {
        let failure = Failure("cannot read\n  the file: gone", Some(Box::new(Failure("gone", None))));
        let failure = Failure("no verdict", Some(Box::new(failure)));
        assert_eq!(chain(&failure), "no verdict: cannot read the file: gone");
    }
}
