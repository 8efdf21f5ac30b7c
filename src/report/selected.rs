//! What the event selectors of a trail take, for people: as a whole, and each as it stands there.

use crate::rule::{
    evidence::{Observed, Trail},
    management_events::ManagementEvents,
    parameters::RuleParameters,
    selectors::{EventSelectors, FieldSelector},
};

/// What the event selectors of a trail take.
pub(super) struct Selected {
    pub(super) answered: String,
    pub(super) include_management_events: Option<bool>,
    pub(super) read_write_type: Option<&'static str>,
    pub(super) excluded_event_sources: Option<Vec<String>>,
    pub(super) recorded_by: Option<String>,
    pub(super) event_selectors: Vec<String>,
}

/// Why there is no answer to a call.
pub(super) fn no_answer<T>(observed: Option<&Observed<T>>) -> String {
    match observed.and_then(Observed::refusal) {
        Some(refusal) => format!("not read: {refusal}"),
        None => "not asked".to_owned(),
    }
}

pub(super) fn selectors_in_words(trail: &Trail, selectors: &[String]) -> String {
    let custom = match trail.has_custom_event_selectors {
        Some(true) => " (custom)",
        Some(false) => " (default)",
        None => "",
    };
    let words = match &trail.get_event_selectors {
        Some(Observed::Known(_)) if selectors.is_empty() => "none".to_owned(),
        Some(Observed::Known(_)) => selectors.join("; "),
        other => no_answer(other.as_ref()),
    };
    format!("{words}{custom}")
}

pub(super) fn selected(trail: &Trail, parameters: &RuleParameters) -> Selected {
    if trail.has_default_event_selectors() {
        return Selected {
            answered: "read and write, by the default event selectors".to_owned(),
            include_management_events: Some(true),
            read_write_type: Some("All"),
            excluded_event_sources: Some(Vec::new()),
            recorded_by: Some("default".to_owned()),
            event_selectors: Vec::new(),
        };
    }
    let Some(Observed::Known(selectors)) = &trail.get_event_selectors else {
        return Selected {
            answered: no_answer(trail.get_event_selectors.as_ref()),
            include_management_events: None,
            read_write_type: None,
            excluded_event_sources: None,
            recorded_by: None,
            event_selectors: Vec::new(),
        };
    };
    let each = each_alone(selectors);
    let takes = |selectors: &EventSelectors| {
        ManagementEvents::recorded_by(selectors, &parameters.allowed_excluded_event_sources)
    };
    let is_all = |takes: &ManagementEvents| matches!(takes, ManagementEvents::All { .. });
    let recorded_by = each.iter().find(|(_, alone)| is_all(&takes(alone))).map(|(member, _)| member.clone());
    let excluded = match ManagementEvents::recorded_by(selectors, &[]) {
        ManagementEvents::All { except } | ManagementEvents::ExceptEventSources(except) => except,
        _ => Vec::new(),
    };
    let both = |by: &str| format!("read and write{by}");
    let (answered, includes, read_write_type) = match takes(selectors) {
        ManagementEvents::All { .. } => {
            let by = recorded_by.as_ref().map_or(String::new(), |member| format!(", by {member}"));
            (both(&by), Some(true), Some("All"))
        }
        ManagementEvents::ExceptEventSources(_) => (both(""), Some(true), Some("All")),
        ManagementEvents::ReadOnly => ("read only".to_owned(), Some(true), Some("ReadOnly")),
        ManagementEvents::WriteOnly => ("write only".to_owned(), Some(true), Some("WriteOnly")),
        ManagementEvents::Split => (both(", by different selectors"), Some(true), None),
        ManagementEvents::Filtered(filters) => (format!("filtered by {}", filters.join(", ")), Some(true), None),
        ManagementEvents::NoneAtAll => ("none".to_owned(), Some(false), None),
        ManagementEvents::NotUnderstood(member) => (format!("not understood: {member}"), None, None),
    };
    Selected {
        answered,
        include_management_events: includes,
        read_write_type,
        excluded_event_sources: Some(excluded),
        recorded_by,
        event_selectors: each.iter().map(|(member, alone)| format!("{member}: {}", selector_in_words(alone))).collect(),
    }
}

/// Every selector by itself, with its place.
fn each_alone(selectors: &EventSelectors) -> Vec<(String, EventSelectors)> {
    let basic = selectors.event_selectors.iter().enumerate().map(|(index, selector)| {
        let alone = EventSelectors { event_selectors: vec![selector.clone()], ..EventSelectors::default() };
        (format!("EventSelectors[{index}]"), alone)
    });
    let advanced = selectors.advanced_event_selectors.iter().enumerate().map(|(index, selector)| {
        let alone = EventSelectors { advanced_event_selectors: vec![selector.clone()], ..EventSelectors::default() };
        (format!("AdvancedEventSelectors[{index}]"), alone)
    });
    basic.chain(advanced).collect()
}

/// What a selector says of management events, as it stands there.
fn selector_in_words(alone: &EventSelectors) -> String {
    let mut parts = Vec::new();
    for selector in &alone.event_selectors {
        parts.push(match selector.include_management_events {
            Some(true) => "management events".to_owned(),
            Some(false) => "no management events".to_owned(),
            None => "management events (not said)".to_owned(),
        });
        parts.push(selector.read_write_type.clone().unwrap_or_else(|| "All (not said)".to_owned()));
        if !selector.exclude_management_event_sources.is_empty() {
            parts.push(format!("without {}", selector.exclude_management_event_sources.join(" and ")));
        }
        parts.extend(selector.unknown.names().map(|name| format!("{name} (not understood)")));
    }
    for selector in &alone.advanced_event_selectors {
        parts.extend(selector.field_selectors.iter().map(field_in_words));
        parts.extend(selector.unknown.names().map(|name| format!("{name} (not understood)")));
    }
    if parts.is_empty() { "empty".to_owned() } else { parts.join(", ") }
}

fn field_in_words(field: &FieldSelector) -> String {
    let said = field.operators().into_iter().filter(|(_, values)| !values.is_empty());
    let said = said.map(|(operator, values)| format!(" {operator} {}", values.join("|")));
    let unknown = field.unknown.names().map(|name| format!(" {name} (not understood)"));
    format!("{}{}", field.field, said.chain(unknown).collect::<String>())
}
