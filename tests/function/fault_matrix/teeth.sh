#!/usr/bin/env bash
# Shows that the fault matrix has teeth: builds in which a read that failed becomes a value must turn it red.
# Works on copies, in the target folder, whose built dependencies it shares. Takes a few minutes.
set -euo pipefail
cd "$(dirname "$0")/../../.."

cargo test --quiet --test function --no-run
target=$(realpath "${CARGO_TARGET_DIR:-target}")
tree=$target/teeth/tree
mkdir -p "$tree"
trap 'rm -rf "$target/teeth"' EXIT

# By hard links, without what belongs to this package: copies must not be taken for it.
mkdir -p "$target/teeth/target/debug"
cp -al "$target"/debug/{.fingerprint,build,deps} "$target/teeth/target/debug/"
rm -rf "$target"/teeth/target/debug/.fingerprint/cloudtrail-all-regions-* \
    "$target"/teeth/target/debug/deps/{lib,}cloudtrail_all_regions[-.]* "$target"/teeth/target/debug/deps/function-*

# bite NAME FILE OLD NEW [OLD NEW]...: every OLD, a whole text within one line of FILE, becomes NEW.
bite() {
    local name=$1 file=$2 old new
    shift 2
    rm -rf "${tree:?}"
    mkdir "$tree"
    git ls-files -z | xargs -0 cp --parents --target-directory "$tree"
    while [ $# -gt 0 ]; do
        old=$1 new=$2
        shift 2
        [ "$(grep --count --fixed-strings -- "$old" "$file")" = 1 ] || { echo "$name: no one line of $file has: $old"; exit 1; }
        OLD=$old NEW=$new perl -pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/' "$tree/$file"
    done
    if (cd "$tree" && CARGO_TARGET_DIR=$target/teeth/target cargo test --quiet --test function -- \
        fault_matrix::{describe_trails,get_trail_status,get_event_selectors}) >"$target/teeth/said" 2>&1; then
        echo "$name: no cell turns red"
        exit 1
    fi
    grep --quiet '^RED: ' "$target/teeth/said" || { cat "$target/teeth/said"; echo "$name: it was not run"; exit 1; }
    printf '\n%s: %s cells turn red\n' "$name" "$(grep --count '^RED: ' "$target/teeth/said")"
    grep '^RED: ' "$target/teeth/said" | sort
}

collect=src/aws/cloudtrail.rs
default=('fn withheld<T>' 'fn withheld<T: Default>' 'async fn ask<T>' 'async fn ask<T: Default>')
bite "A refused read becomes a default value" $collect "${default[@]}" \
    'Observed::Refused { refused: refusal(error) }' 'Observed::Known(T::default())'
bite "An unanswered read becomes a default value" $collect "${default[@]}" \
    'Observed::Unanswered { unanswered: refusal(error) }' 'Observed::Known(T::default())'
bite "A trail whose status was not read counts as logging" $collect \
    'Some(status.observed)' 'Some(Observed::Known(status.observed.known().cloned().unwrap_or(TrailStatus { is_logging: Some(true), ..TrailStatus::default() })))'
