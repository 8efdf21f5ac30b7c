//! Event selectors: which events a trail takes.

use std::{cmp::Ordering, iter::once};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::objects::{null_as_empty, objects_or_null};

/// What `GetEventSelectors` answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventSelectors {
    /// Basic event selectors.
    #[serde(default, deserialize_with = "objects_or_null", skip_serializing_if = "Vec::is_empty")]
    pub event_selectors: Vec<EventSelector>,
    /// Advanced event selectors.
    #[serde(default, deserialize_with = "objects_or_null", skip_serializing_if = "Vec::is_empty")]
    pub advanced_event_selectors: Vec<AdvancedEventSelector>,
}

/// A basic event selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventSelector {
    /// `All` (also when absent), `ReadOnly` or `WriteOnly`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_write_type: Option<String>,
    /// Whether management events are recorded; absent means yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_management_events: Option<bool>,
    /// Services whose management events are left out.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub exclude_management_event_sources: Vec<String>,
    /// The resources whose data events are recorded. The decision does not need them; a remedy must not lose them.
    #[serde(default, deserialize_with = "objects_or_null", skip_serializing_if = "Vec::is_empty")]
    pub data_resources: Vec<DataResource>,
    /// What stands beside.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Resources of one type whose data events a basic event selector records.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DataResource {
    /// Such as `AWS::S3::Object`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// ARNs or prefixes of ARNs.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// What stands beside.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// An advanced event selector: an event must satisfy every field selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AdvancedEventSelector {
    /// A label; it means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The field selectors, all of which must hold.
    #[serde(default, deserialize_with = "objects_or_null")]
    pub field_selectors: Vec<FieldSelector>,
    /// What stands beside.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A condition on one field of an event. An empty operator list counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FieldSelector {
    /// The field, such as `eventCategory`, `readOnly` or `eventSource`.
    #[serde(default)]
    pub field: String,
    /// The field is one of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// The field starts with one of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// The field ends with one of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    /// The field is none of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// The field starts with none of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    /// The field ends with none of these.
    #[serde(default, deserialize_with = "null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
    /// What stands beside.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Members that this version does not know, as they came. They may narrow what is taken; `null` counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unknown(Map<String, Value>);

impl Unknown {
    /// The names of those that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str())
    }
}

impl PartialOrd for Unknown {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Unknown {
    fn cmp(&self, other: &Self) -> Ordering {
        // JSON has no order of its own.
        let text = |unknown: &Self| Value::Object(unknown.0.clone()).to_string();
        if self == other { Ordering::Equal } else { text(self).cmp(&text(other)) }
    }
}

impl EventSelector {
    /// The first member that this version does not know, data resources apart: they say nothing of management events.
    #[must_use]
    pub fn not_understood(&self) -> Option<String> {
        self.unknown.names().next().map(str::to_owned)
    }
}

impl AdvancedEventSelector {
    /// The first member that this version does not know, such as `FieldSelectors[0].Matches`.
    #[must_use]
    pub fn not_understood(&self) -> Option<String> {
        let own = self.unknown.names().next().map(str::to_owned);
        own.or_else(|| {
            let mut fields = self.field_selectors.iter().enumerate();
            fields.find_map(|(index, field)| Some(format!("FieldSelectors[{index}].{}", field.unknown.names().next()?)))
        })
    }
}

impl FieldSelector {
    /// Every operator, by AWS's name, with its values.
    #[must_use]
    pub fn operators(&self) -> [(&'static str, &[String]); 6] {
        let Self { field: _, unknown: _, equals, starts_with, ends_with, not_equals, not_starts_with, not_ends_with } =
            self;
        [
            ("Equals", equals),
            ("StartsWith", starts_with),
            ("EndsWith", ends_with),
            ("NotEquals", not_equals),
            ("NotStartsWith", not_starts_with),
            ("NotEndsWith", not_ends_with),
        ]
    }
}

impl EventSelectors {
    /// Whether this version knows every member, those of data resources too, so that nothing is lost where they are put
    /// again.
    #[must_use]
    pub fn are_understood(&self) -> bool {
        let basic = self.event_selectors.iter().flat_map(|selector| {
            once(&selector.unknown).chain(selector.data_resources.iter().map(|resource| &resource.unknown))
        });
        let advanced = self.advanced_event_selectors.iter().flat_map(|selector| {
            once(&selector.unknown).chain(selector.field_selectors.iter().map(|field| &field.unknown))
        });
        basic.chain(advanced).all(|unknown| unknown.names().next().is_none())
    }
}
