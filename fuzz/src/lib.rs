//! What is fuzzed and how: [`checks`] says what must hold for any input, [`mutate`] makes inputs that are still JSON.
//!
//! `tests/corpus.rs` of the package itself replays the corpus through the same checks on stable Rust.

pub mod checks;
pub mod mutate;
