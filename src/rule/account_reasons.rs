//! Why an account does not pass, or has no verdict, where no trail says it: every such reason, declared once.

use std::fmt;

use serde::{Serialize, Serializer};
use strum::{IntoStaticStr, VariantArray};

/// A reason that is the account's and no trail's: stable, for exceptions and machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum AccountCode {
    /// `DescribeTrails` lists none.
    NoTrail,
    /// `DescribeTrails` was permanently refused.
    TrailsUnreadable,
    /// The rule's parameters are not valid.
    Misconfigured,
    /// Nobody lets us in, or nobody answers: there is no verdict.
    Unreachable,
}

impl AccountCode {
    /// Every code.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its text, such as `no-trail`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What it means.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::NoTrail => "There is no trail: DescribeTrails lists none.",
            Self::TrailsUnreadable => "AWS refused DescribeTrails, so that no trail could be seen.",
            Self::Misconfigured => "The parameters of the rule are not valid; the annotation says which.",
            Self::Unreachable => {
                "There is no verdict: the account could not be entered, its trails could not be listed this time, or \
                 nothing tells its result."
            }
        }
    }

    /// What to do about it; what stands between backticks is code.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NoTrail => {
                "Look for an organization's trail first: a second copy of management events is charged. Else make one, \
                 such as that of `cloudformation/compliant-trail.yaml` in a clone of this project."
            }
            Self::TrailsUnreadable => {
                "Allow `cloudtrail:DescribeTrails`; AWS's own message says which policy denies it."
            }
            Self::Misconfigured => "Correct the parameters; `explain` lists them, with what is valid.",
            Self::Unreachable => "Run it again; if it stays so, `doctor` says what stands in the way.",
        }
    }
}

impl fmt::Display for AccountCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for AccountCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_text_a_meaning_and_a_remedy() {
        let texts = ["no-trail", "trails-unreadable", "misconfigured", "unreachable"];
        assert_eq!(AccountCode::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(), texts);
        for (code, text) in AccountCode::ALL.iter().zip(texts) {
            assert_eq!(format!("{code:>20}"), format!("{text:>20}"));
            assert_eq!(serde_json::json!(code), text);
            for sentence in [code.meaning(), code.remedy()] {
                assert!(sentence.ends_with('.') && sentence.contains(' '), "{code}: {sentence}");
            }
        }
    }
}
