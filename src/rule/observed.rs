//! What a call answered, or why it did not.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        DeserializeOwned, DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use super::objects::Object;

/// The answer to a call, or why there is none. A failed read is data, never a default value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Observed<T> {
    /// `{"refused": {…}}`: a permanent error; asking again will not help.
    Refused {
        /// The call and its error.
        refused: Refusal,
    },
    /// `{"unanswered": {…}}`: a transient error, still there after the retries.
    Unanswered {
        /// The call and its error.
        unanswered: Refusal,
    },
    /// The answer itself.
    Known(T),
}

impl<T> Observed<T> {
    /// What a permanent error leaves: a refusal, if it is AWS's word wherever the call was made. If the trail's home
    /// Region was only out of reach, another Region's refusal settles nothing.
    #[must_use]
    pub fn refused(refusal: Refusal) -> Self {
        match refusal.home_region_code.as_deref() {
            Some(Refusal::TIMED_OUT | Refusal::CONNECTION_FAILED) => Self::Unanswered { unanswered: refusal },
            Some(_) | None => Self::Refused { refused: refusal },
        }
    }

    /// The answer, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(answer) => Some(answer),
            Self::Refused { .. } | Self::Unanswered { .. } => None,
        }
    }

    /// Why there is no answer, if there is none.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refused } => Some(refused),
            Self::Unanswered { unanswered } => Some(unanswered),
            Self::Known(_) => None,
        }
    }
}

/// An answer that evidence can hold: a list or an object.
pub trait Answer: DeserializeOwned {
    /// Whether it is a list. (A derived `Deserialize` would take a list for an object's fields in order.)
    const IS_LIST: bool;

    /// Reads it.
    ///
    /// # Errors
    /// Those of the deserializer.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl<'de, T: Answer> Deserialize<'de> for Observed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObservedVisitor(PhantomData))
    }
}

struct ObservedVisitor<T>(PhantomData<T>);

impl<'de, T: Answer> Visitor<'de> for ObservedVisitor<T> {
    type Value = Observed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = if T::IS_LIST { "a list" } else { "an object" };
        write!(f, "{answer}, `{{\"refused\": {{…}}}}` or `{{\"unanswered\": {{…}}}}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        if !T::IS_LIST {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        T::read(SeqAccessDeserializer::new(list)).map(Observed::Known)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let first: Option<String> = members.next_key()?;
        let observed = match first.as_deref() {
            Some("refused") => Observed::refused(members.next_value::<Object<_>>()?.0),
            Some("unanswered") => Observed::Unanswered { unanswered: members.next_value::<Object<_>>()?.0 },
            _ if T::IS_LIST => return Err(A::Error::invalid_type(Unexpected::Map, &self)),
            _ => {
                return T::read(MapAccessDeserializer::new(AnswerMembers { first, rest: members }))
                    .map(Observed::Known);
            }
        };
        match members.next_key::<String>()? {
            None => Ok(observed),
            Some(_) => Err(stands_alone()),
        }
    }
}

/// The members of an answer whose first name was read to tell it from a refusal.
struct AnswerMembers<A> {
    first: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for AnswerMembers<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let name = match self.first.take() {
            Some(first) => Some(first),
            None => self.rest.next_key::<String>()?,
        };
        match name {
            None => Ok(None),
            Some(name) if name == "refused" || name == "unanswered" => Err(stands_alone()),
            Some(name) => seed.deserialize(name.into_deserializer()).map(Some),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}

fn stands_alone<E: Error>() -> E {
    E::custom("`refused` or `unanswered` stands alone in its object")
}

/// A call that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refusal {
    /// AWS's name of the operation, such as `GetTrailStatus`.
    pub operation: String,
    /// AWS's error code, such as `AccessDeniedException`; for a fault below HTTP, a word of ours such as `TimedOut`.
    pub code: String,
    /// The code that the trail's home Region gave, where the call was then made in the rule's Region and `code` is
    /// that second outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_region_code: Option<String>,
}

impl Refusal {
    /// The code of a call that ran into a time-out.
    pub const TIMED_OUT: &str = "TimedOut";
    /// The code of a call that no endpoint took.
    pub const CONNECTION_FAILED: &str = "ConnectionFailed";
    /// The code of a listing that goes on for more pages than are followed.
    pub const TOO_MANY_KEYS: &str = "TooManyKeys";
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation, self.code)?;
        match &self.home_region_code {
            Some(home) => write!(f, ", home Region {home}"),
            None => Ok(()),
        }
    }
}
