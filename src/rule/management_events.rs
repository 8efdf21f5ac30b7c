//! Whether event selectors record every management event, read and write.
//!
//! Sources: CIS AWS Foundations v1.4.0 to v2.0.0, 3.1, audit (basic selectors); v3.0.0, 3.1, audit (advanced
//! selectors); CloudTrail API, `EventSelector` and `AdvancedFieldSelector`.

use super::evidence::{AdvancedEventSelector, EventSelector, EventSelectors, FieldSelector};

/// What the selectors of one trail record of the management events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManagementEvents {
    /// All of them, but for these allowed event sources.
    All {
        /// The event sources that are left out, as allowed.
        except: Vec<String>,
    },
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
    /// Some are filtered out.
    Filtered,
}

/// What one selector takes.
struct Taken {
    reads: bool,
    writes: bool,
    excluded_event_sources: Vec<String>,
    is_filtered: bool,
}

impl ManagementEvents {
    /// Judges all selectors of a trail. One sufficient selector is enough; selectors do not add up.
    #[must_use]
    pub fn recorded_by(selectors: &EventSelectors, allowed_excluded_event_sources: &[String]) -> Self {
        let basic = selectors.event_selectors.iter().filter_map(taken_by_basic);
        let advanced = selectors.advanced_event_selectors.iter().filter_map(taken_by_advanced);
        let all: Vec<Taken> = basic.chain(advanced).filter(|taken| taken.reads || taken.writes).collect();
        let is_allowed = |source: &String| allowed_excluded_event_sources.contains(source);
        let unfiltered = || all.iter().filter(|taken| taken.reads && taken.writes && !taken.is_filtered);

        let sufficient = unfiltered().filter(|taken| taken.excluded_event_sources.iter().all(is_allowed));
        if let Some(taken) = sufficient.min_by_key(|taken| &taken.excluded_event_sources) {
            return Self::All { except: taken.excluded_event_sources.clone() };
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
            Self::Filtered
        }
    }
}

fn taken_by_basic(selector: &EventSelector) -> Option<Taken> {
    if selector.include_management_events == Some(false) {
        return None;
    }
    let read_write_type = selector.read_write_type.as_deref().unwrap_or("All");
    let is = |value: &str| read_write_type.eq_ignore_ascii_case(value);
    Some(Taken {
        reads: !is("WriteOnly"),
        writes: !is("ReadOnly"),
        excluded_event_sources: sorted(&selector.exclude_management_event_sources),
        is_filtered: !is("All") && !is("ReadOnly") && !is("WriteOnly"),
    })
}

fn taken_by_advanced(selector: &AdvancedEventSelector) -> Option<Taken> {
    let of = |name: &'static str| selector.field_selectors.iter().filter(move |field| field.field == name);
    let categories: Vec<&FieldSelector> = of("eventCategory").collect();
    if categories.is_empty() || !categories.iter().all(|field| admits(field, "Management")) {
        return None;
    }
    let is_exactly_management =
        matches!(categories[..], [field] if field.equals == ["Management"] && only_equals(field));
    let is_other =
        |field: &FieldSelector| !["eventCategory", "readOnly", "eventSource"].contains(&field.field.as_str());
    let sources: Vec<&FieldSelector> = of("eventSource").collect();
    let excluded: Vec<String> = sources.iter().flat_map(|field| field.not_equals.iter().cloned()).collect();
    let reads = of("readOnly").all(|field| admits(field, "true"));
    let writes = of("readOnly").all(|field| admits(field, "false"));
    Some(Taken {
        reads,
        writes,
        excluded_event_sources: sorted(&excluded),
        is_filtered: !is_exactly_management
            || of("readOnly").next().is_some()
            || !sources.iter().all(|field| only_not_equals(field))
            || selector.field_selectors.iter().any(is_other),
    })
}

fn only_equals(field: &FieldSelector) -> bool {
    let FieldSelector { field: _, equals, starts_with, ends_with, not_equals, not_starts_with, not_ends_with } = field;
    !equals.is_empty()
        && [starts_with, ends_with, not_equals, not_starts_with, not_ends_with].iter().all(|values| values.is_empty())
}

fn only_not_equals(field: &FieldSelector) -> bool {
    let FieldSelector { field: _, equals, starts_with, ends_with, not_equals, not_starts_with, not_ends_with } = field;
    !not_equals.is_empty()
        && [equals, starts_with, ends_with, not_starts_with, not_ends_with].iter().all(|values| values.is_empty())
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

fn sorted(sources: &[String]) -> Vec<String> {
    let mut sources = sources.to_vec();
    sources.sort();
    sources.dedup();
    sources
}
