#!/usr/bin/env bash
# Keeps, of each target's corpus, the 60 files that cover most: what is checked in and replayed by tests/decision/corpus.rs.
set -euo pipefail
cd "$(dirname "$0")"

for target in event parameters evidence selectors; do
    kept=$(mktemp -d)
    RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none "$target" "$kept" "corpus/$target" -- \
        -set_cover_merge=1 -use_counters=0
    # Written in the order of how much each adds.
    ls -tr "$kept" | tail -n +61 | sed "s|^|$kept/|" | xargs -r rm
    rm -r "corpus/$target"
    mv "$kept" "corpus/$target"
done
