#![no_main]

use libfuzzer_sys::fuzz_target;
use support::checks;

fuzz_target!(|data: &[u8]| checks::digest(data));
