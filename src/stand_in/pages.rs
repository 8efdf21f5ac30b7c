//! Pages, and the tokens between them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{identity::Caller, wire::ErrorAnswer, world::World};

/// How an operation pages.
pub(super) struct Page<'a> {
    /// The member that limits a page, and AWS's default.
    pub(super) asked: (&'static str, usize),
    pub(super) token: &'static str,
    pub(super) list: &'static str,
    /// What the list is of: a token of another list is not valid.
    pub(super) subject: &'a str,
}

impl Page<'_> {
    /// The page that is asked for; only its items are made.
    pub(super) fn of<T>(
        &self,
        items: &[T],
        item: impl Fn(&T) -> Value,
        world: &World,
        caller: &Caller,
        input: &Map<String, Value>,
    ) -> Result<Value, ErrorAnswer> {
        let context = format!("{}/{}/{}/{}/", self.list, caller.account, caller.region, self.subject);
        let token = |start: usize, is_filled: bool| STANDARD.encode(format!("{context}{start}/{is_filled}"));
        let (start, is_filled) = match input.get(self.token).and_then(Value::as_str) {
            None => (0, !world.empty_pages),
            Some(given) => read_token(given, &context)
                .ok_or_else(|| ErrorAnswer::new("InvalidNextTokenException", "The nextToken is not valid"))?,
        };
        let mut answer = Map::new();
        if !is_filled {
            answer.insert(self.list.to_owned(), json!([]));
            answer.insert(self.token.to_owned(), token(start, true).into());
            return Ok(Value::Object(answer));
        }
        let (member, default) = self.asked;
        let asked = input.get(member).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
        let limit = asked.filter(|limit| *limit > 0).unwrap_or(default);
        let size = world.page_size.unwrap_or(limit).clamp(1, limit);
        let end = items.len().min(start + size);
        if world.endless_pages {
            answer.insert(self.token.to_owned(), token(start, true).into());
        } else if end < items.len() {
            answer.insert(self.token.to_owned(), token(end, !world.empty_pages).into());
        }
        answer.insert(self.list.to_owned(), items.iter().skip(start).take(size).map(item).collect());
        Ok(Value::Object(answer))
    }
}

fn read_token(token: &str, context: &str) -> Option<(usize, bool)> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let (start, is_filled) = text.strip_prefix(context)?.split_once('/')?;
    Some((start.parse().ok()?, is_filled.parse().ok()?))
}
