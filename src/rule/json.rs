//! JSON, read with what is wrong with it in plain words.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, error::Category};

use super::objects::Object;

/// What is wrong with a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", if path == "." { String::new() } else { format!("at `{path}`: ") })]
pub struct Unreadable {
    /// Where, such as `trails[0].Name`; `.` is the whole.
    pub path: String,
    /// What is wrong, and at which line and column.
    pub problem: String,
}

/// Reads a JSON text.
///
/// # Errors
/// It is empty, cut off, no JSON, not what is wanted, or has an object that names a member twice.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    let value = read_as(text)?;
    read_as::<EachNameOnce>(text)?;
    Ok(value)
}

/// Reads a JSON text as [`read`] does, and takes no list for an object's fields in order.
///
/// # Errors
/// As of [`read`], or it is no object.
pub fn read_object<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    read(text).map(|Object(object)| object)
}

/// Whether a JSON object names a member twice, or one in it does: which of the two counts, each reader decides for itself.
/// So it is with one that cannot be read to its end, as where it is nested too deeply.
#[must_use]
pub fn may_name_a_member_twice(text: &[u8]) -> bool {
    serde_json::from_slice::<EachNameOnce>(text)
        .is_err_and(|error| error.is_data() || text.trim_ascii_start().starts_with(b"{"))
}

fn read_as<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    let unreadable = |path: String, error: &serde_json::Error| match error.classify() {
        // A text that ends too early has no fault in one place.
        Category::Eof if text.trim().is_empty() => Unreadable { path: WHOLE.to_owned(), problem: EMPTY.to_owned() },
        Category::Eof => Unreadable { path: WHOLE.to_owned(), problem: problem(error) },
        Category::Io | Category::Syntax | Category::Data => Unreadable { path, problem: problem(error) },
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| unreadable(error.path().to_string(), error.inner()))?;
    deserializer.end().map_err(|error| unreadable(WHOLE.to_owned(), &error))?;
    Ok(value)
}

/// Any JSON in which no object names a member twice.
struct EachNameOnce;

impl<'de> Deserialize<'de> for EachNameOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for EachNameOnce {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format_args!("`{name}` is given twice")));
            }
            names.insert(name);
            members.next_value::<Self>()?;
        }
        Ok(self)
    }
}

const WHOLE: &str = ".";
const EMPTY: &str = "it is empty";

/// What is wrong with the text or value in which `error` was met, which is called "it".
#[must_use]
pub fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.trim_end_matches(&serde_place(error));
    let problem = match error.classify() {
        Category::Eof => "it is cut off".to_owned(),
        Category::Syntax if text == "recursion limit exceeded" => "it is nested too deeply".to_owned(),
        Category::Io | Category::Syntax => format!("it is no JSON: {text}"),
        Category::Data => match text.strip_prefix("invalid type: ").and_then(|text| text.split_once(", expected ")) {
            Some((found, expected)) => format!("it is {} where {} belongs", noun(found), noun(expected)),
            None => text.to_owned(),
        },
    };
    // A value that was parsed before has no place, and a whole text needs none.
    match (error.line(), error.column()) {
        (0, _) | START => problem,
        (line, column) => format!("{problem}, at line {line} column {column}"),
    }
}

/// Where a text starts.
const START: (usize, usize) = (1, 0);

fn serde_place(error: &serde_json::Error) -> String {
    format!(" at line {} column {}", error.line(), error.column())
}

/// What a value is, without showing it.
#[must_use]
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A type in JSON's words instead of Serde's.
fn noun(serde: &str) -> String {
    let (kind, quoted) = serde.split_once(' ').unwrap_or((serde, ""));
    match (kind, quoted) {
        ("sequence", "") | ("a", "sequence") => "a list".to_owned(),
        ("map", "") | ("a", "map") => "an object".to_owned(),
        ("a", "string") => "text".to_owned(),
        ("a", "boolean") => "true or false".to_owned(),
        ("u32" | "u64" | "usize", "") => "a number".to_owned(),
        ("boolean", value) => value.to_owned(),
        ("integer", value) => format!("the number {value}"),
        ("floating", value) => format!("the number {}", value.trim_start_matches("point ")),
        ("string", value) => format!("the text {value}"),
        _ => serde.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Known {
        #[expect(dead_code, reason = "only read")]
        text: String,
        #[expect(dead_code, reason = "only read")]
        flag: Option<bool>,
    }

    fn problem_of<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
        read::<T>(text).unwrap_err().problem
    }

    #[test]
    fn what_is_wrong_is_said_in_words_of_json() {
        for (text, words) in [
            (r#"{"text": 12345678901}"#, "it is the number `12345678901` where text belongs, at line 1 column 20"),
            (r#"{"text": 1.5}"#, "it is the number `1.5` where text belongs, at line 1 column 12"),
            (r#"{"text": ["#, "it is a list where text belongs, at line 1 column 9"),
            (r#"{"text": {"#, "it is an object where text belongs, at line 1 column 9"),
            (r#"{"text": false"#, "it is `false` where text belongs, at line 1 column 14"),
            (r#"{"text": null"#, "it is null where text belongs, at line 1 column 13"),
            (
                r#"{"text": "", "flag": "yes""#,
                "it is the text \"yes\" where true or false belongs, at line 1 column 26",
            ),
            (r#"{"text": "", "flag": 0"#, "it is the number `0` where true or false belongs, at line 1 column 22"),
            ("{}", "missing field `text`, at line 1 column 2"),
            (r#"{"text": "a"#, "it is cut off, at line 1 column 11"),
            (r#"{"text": a"#, "it is no JSON: expected value, at line 1 column 10"),
            ("", "it is empty"),
            (" \n", "it is empty"),
        ] {
            assert_eq!(problem_of::<Known>(text), words, "{text}");
        }
        assert_eq!(problem_of::<Vec<String>>("{}"), "it is an object where a list belongs");
    }

    #[test]
    fn a_member_that_is_named_twice_is_refused_wherever_it_stands() {
        for (text, expected) in [
            (r#"{"a": {"b": [1, {"c": null, "c": 1}]}}"#, Some("at `a.b[1]`: `c` is given twice, at line 1 column 31")),
            (r#"{"text": 1, "t\u0065xt": 1}"#, Some("`text` is given twice, at line 1 column 23")),
            (r#"{"a": {"c": 1}, "b": {"c": 1}, "c": [1, 1.5, -1, true, "", null]}"#, None),
        ] {
            assert_eq!(read::<Value>(text).err().map(|error| error.to_string()).as_deref(), expected, "{text}");
            assert_eq!(may_name_a_member_twice(text.as_bytes()), expected.is_some(), "{text}");
        }
        let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(problem_of::<Value>(&nested), "it is nested too deeply, at line 1 column 128");
        let deep = format!(r#"{{"x": {nested}, "c": 1, "c": 2}}"#);
        assert!(may_name_a_member_twice(deep.as_bytes()));
        assert!(!may_name_a_member_twice(b"<xml/>"));
    }

    #[test]
    fn a_value_has_no_line() {
        let error = serde_json::from_value::<Vec<String>>(serde_json::json!({})).unwrap_err();
        assert_eq!(problem(&error), "it is an object where a list belongs");
    }
}
