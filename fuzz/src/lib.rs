//! What is fuzzed and how: `tests/support/checks.rs` says what must hold for any input, [`mutate`] makes inputs that are still
//! JSON.
//!
//! ```sh
//! cargo install cargo-fuzz
//! fuzz/seed.py
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none event -- -max_total_time=900 -max_len=8192
//! fuzz/minimise.sh
//! ```
//!
//! Without a sanitizer, because there is no unsafe code that one could watch, and any toolchain will do.
//! `tests/decision/corpus.rs` of the package itself replays the corpus through the same checks on stable Rust.

pub mod mutate;
