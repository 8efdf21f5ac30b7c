//! Account: `ListRegions`.

use serde_json::{Map, Value, json};

use super::{identity::Caller, world::World};
use crate::rule::region;

pub(super) fn list_regions(world: &World, caller: &Caller, input: &Map<String, Value>) -> Value {
    let partition = region::partition(&caller.region);
    let entries = region::known().filter(|known| region::partition(known) == partition).map(|known| {
        let told = world.opt_statuses.get(&(caller.account.clone(), known.to_owned()));
        let is_enabled = world.is_region_enabled(&caller.account, known);
        let implied = if is_enabled { "ENABLED_BY_DEFAULT" } else { "DISABLED" };
        json!({ "RegionName": known, "RegionOptStatus": told.map_or(implied, String::as_str) })
    });
    let entries: Vec<Value> = entries.collect();
    let number = |name: &str| input.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
    let asked = number("MaxResults").unwrap_or(50);
    let size = world.page_size.unwrap_or(asked).clamp(1, asked);
    let from = input.get("NextToken").and_then(Value::as_str).and_then(|token| token.parse().ok()).unwrap_or(0);
    let to = entries.len().min(from + size);
    let token = (to < entries.len()).then(|| to.to_string());
    let mut page = json!({ "Regions": entries.get(from..to).unwrap_or_default() });
    if let Some(token) = token {
        page["NextToken"] = token.into();
    }
    page
}
