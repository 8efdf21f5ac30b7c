//! The Regions that we know. `tests/outside/wire` holds them against AWS's own list.

use std::collections::BTreeSet;

use cloudtrail_all_regions::rule::region;
use serde_json::json;
use support::exchanges::leave;

#[test]
fn every_known_region_is_well_formed_of_a_partition_and_listed_once() {
    let (mut seen, mut lines) = (BTreeSet::new(), Vec::new());
    for region in region::known() {
        assert!(region::is_well_formed(region), "{region}");
        assert!(seen.insert(region), "{region}");
        let partition = region::partition(region).unwrap();
        lines.push(json!({"region": region, "partition": partition}).to_string());
    }
    leave("regions", &lines.join("\n"));
}
