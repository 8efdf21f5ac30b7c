#![no_main]

use cloudtrail_all_regions_fuzz::mutate;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use support::checks;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate::json(data, size, max_size, seed) });

fuzz_target!(|data: &[u8]| checks::event(data));
