//! AWS Config: the trails that it has discovered.

use aws_sdk_config::types::ResourceType;
use tokio::time::timeout;

use super::{answers::pages, connections::Session, fault::CallError};
use crate::{error::chain, rule::evidence::Observed};

/// The resource ids under which AWS Config has discovered trails in the rule's Region, and what went wrong.
///
/// An account without a configuration recorder has discovered none.
pub(super) async fn discovered_trails(session: &Session<'_>) -> (Observed<Vec<String>>, Option<String>) {
    const OPERATION: &str = "ListDiscoveredResources";
    let mut ids = Vec::new();
    let client = session.clients(&session.region).config;
    let listing = pages(OPERATION, async |token| {
        let request = client.list_discovered_resources().resource_type(ResourceType::Trail).set_next_token(token);
        let page = session.call(OPERATION, &session.region, "", request.send()).await?;
        let resources = page.resource_identifiers.unwrap_or_default();
        let listed = resources.into_iter().filter_map(|resource| resource.resource_id);
        ids.extend(listed.filter(|id| !id.trim().is_empty()));
        Ok(page.next_token)
    });
    // The verdict waits for the whole listing, so all its pages together get the time of one call.
    let listed = timeout(session.timing().operation, listing).await;
    match listed.unwrap_or_else(|_| Err(CallError::timed_out(OPERATION))) {
        Ok(()) => (Observed::Known(ids), None),
        Err(error) if error.code == "NoAvailableConfigurationRecorderException" => (Observed::Known(Vec::new()), None),
        Err(error) => {
            let warning = chain(&error);
            let unanswered = |own: CallError| Observed::Unanswered { unanswered: own.refusal(None) };
            (error.withheld(None).unwrap_or_else(unanswered), Some(warning))
        }
    }
}
