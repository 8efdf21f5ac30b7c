//! Whether event selectors record every management event, read and write.
//!
//! Sources: CIS AWS Foundations v1.4.0 to v2.0.0, 3.1, audit (basic selectors); v3.0.0, 3.1, audit (advanced
//! selectors); CloudTrail API, `EventSelector` and `AdvancedFieldSelector`.

use std::collections::BTreeSet;

use super::selectors::{AdvancedEventSelector, EventSelector, EventSelectors, FieldSelector};

/// What the selectors of one trail record of the management events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManagementEvents {
    /// All of them, but for these allowed event sources.
    All {
        /// The event sources that are left out, as allowed.
        except: Vec<String>,
    },
    /// A selector takes all of them if this member, which this version does not know, narrows nothing.
    NotUnderstood(String),
    /// No selector takes any.
    NoneAtAll,
    /// Every selector that takes any takes only reads.
    ReadOnly,
    /// Every selector that takes any takes only writes.
    WriteOnly,
    /// Reads and writes are taken, but by no selector together.
    Split,
    /// But for these excluded event sources, which are not allowed, a selector takes all.
    ExceptEventSources(Vec<String>),
    /// Some are filtered out, by these fields.
    Filtered(Vec<String>),
}

/// What one selector takes.
struct Taken {
    reads: bool,
    writes: bool,
    excluded_event_sources: Vec<String>,
    filters: Vec<String>,
    not_understood: Option<String>,
}

impl ManagementEvents {
    /// Judges all selectors of a trail. One sufficient selector is enough; selectors do not add up.
    #[must_use]
    pub fn recorded_by(selectors: &EventSelectors, allowed_excluded_event_sources: &[String]) -> Self {
        let basic = selectors.event_selectors.iter().enumerate().filter_map(|(index, selector)| {
            let not_understood = selector.not_understood().map(|member| format!("EventSelectors[{index}].{member}"));
            Some(Taken { not_understood, ..taken_by_basic(selector)? })
        });
        let advanced = selectors.advanced_event_selectors.iter().enumerate().filter_map(|(index, selector)| {
            let not_understood = selector.not_understood();
            let not_understood = not_understood.map(|member| format!("AdvancedEventSelectors[{index}].{member}"));
            Some(Taken { not_understood, ..taken_by_advanced(selector)? })
        });
        let all: Vec<Taken> = basic.chain(advanced).filter(|taken| taken.reads || taken.writes).collect();
        let is_allowed = |source: &String| allowed_excluded_event_sources.contains(source);
        let unfiltered = || all.iter().filter(|taken| taken.reads && taken.writes && taken.filters.is_empty());
        let sufficient = || unfiltered().filter(|taken| taken.excluded_event_sources.iter().all(is_allowed));

        let understood = sufficient().filter(|taken| taken.not_understood.is_none());
        if let Some(taken) = understood.min_by_key(|taken| &taken.excluded_event_sources) {
            return Self::All { except: taken.excluded_event_sources.clone() };
        }
        if let Some(member) = sufficient().find_map(|taken| taken.not_understood.clone()) {
            return Self::NotUnderstood(member);
        }
        if all.is_empty() {
            Self::NoneAtAll
        } else if all.iter().all(|taken| !taken.writes) {
            Self::ReadOnly
        } else if all.iter().all(|taken| !taken.reads) {
            Self::WriteOnly
        } else if !all.iter().any(|taken| taken.reads && taken.writes) {
            Self::Split
        } else if let Some(taken) = unfiltered().min_by_key(|taken| &taken.excluded_event_sources) {
            Self::ExceptEventSources(
                taken.excluded_event_sources.iter().filter(|source| !is_allowed(source)).cloned().collect(),
            )
        } else {
            let of_both = all.iter().filter(|taken| taken.reads && taken.writes);
            Self::Filtered(sorted(of_both.flat_map(|taken| &taken.filters)))
        }
    }
}

fn taken_by_basic(selector: &EventSelector) -> Option<Taken> {
    if selector.include_management_events == Some(false) {
        return None;
    }
    let read_write_type = selector.read_write_type.as_deref().unwrap_or("All");
    let is = |value: &str| read_write_type.eq_ignore_ascii_case(value);
    let is_known = is("All") || is("ReadOnly") || is("WriteOnly");
    Some(Taken {
        reads: !is("WriteOnly"),
        writes: !is("ReadOnly"),
        excluded_event_sources: sorted(&selector.exclude_management_event_sources),
        filters: if is_known { Vec::new() } else { vec![format!("ReadWriteType `{read_write_type}`")] },
        not_understood: None,
    })
}

fn taken_by_advanced(selector: &AdvancedEventSelector) -> Option<Taken> {
    let of = |name: &'static str| selector.field_selectors.iter().filter(move |field| field.field == name);
    let categories: Vec<&FieldSelector> = of("eventCategory").collect();
    if categories.is_empty() || !categories.iter().all(|field| admits(field, "Management")) {
        return None;
    }
    let is_exactly_management =
        matches!(categories[..], [field] if field.equals == ["Management"] && is_only(&field.equals, field));
    let filters = |field: &&FieldSelector| match field.field.as_str() {
        "eventCategory" => !is_exactly_management,
        "eventSource" => !is_only(&field.not_equals, field),
        _ => true,
    };
    Some(Taken {
        reads: of("readOnly").all(|field| admits(field, "true")),
        writes: of("readOnly").all(|field| admits(field, "false")),
        excluded_event_sources: sorted(of("eventSource").flat_map(|field| &field.not_equals)),
        filters: selector.field_selectors.iter().filter(filters).map(name).collect(),
        not_understood: None,
    })
}

fn name(field: &FieldSelector) -> String {
    if field.field.trim().is_empty() { "a field without a name".to_owned() } else { field.field.clone() }
}

/// Whether this operator of the field selector is there, and no other.
fn is_only(operator: &[String], field: &FieldSelector) -> bool {
    !operator.is_empty() && field.operators().iter().filter(|(_, values)| !values.is_empty()).count() == 1
}

/// Whether an event whose field has this value passes the field selector. An empty operator list counts as absent.
fn admits(field: &FieldSelector, value: &str) -> bool {
    let some = |values: &[String], fits: &dyn Fn(&String) -> bool| values.is_empty() || values.iter().any(fits);
    some(&field.equals, &|equal| equal == value)
        && some(&field.starts_with, &|start| value.starts_with(start.as_str()))
        && some(&field.ends_with, &|end| value.ends_with(end.as_str()))
        && !field.not_equals.iter().any(|equal| equal == value)
        && !field.not_starts_with.iter().any(|start| value.starts_with(start.as_str()))
        && !field.not_ends_with.iter().any(|end| value.ends_with(end.as_str()))
}

fn sorted<'s>(texts: impl IntoIterator<Item = &'s String>) -> Vec<String> {
    texts.into_iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
}
