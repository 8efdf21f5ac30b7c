//! What is deployed: the templates, the rule definition, the documents and the rule's own metadata agree.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cloudformation;
mod compliant_trail;
mod definition;
mod documents;
mod goals;
mod templates;
