# shellcheck shell=bash
# What the scripts that build have in common; sourced by them, which set root.

# shellcheck source=scripts/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

: "${root:?}"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
readonly version
# What a person who gets a program gets with it.
readonly papers=("$root/LICENSE" "$root/THIRD-PARTY-NOTICES.txt")
# The linkers and packagers, each with its hash.
readonly get_tools='pip install --require-hashes --requirement scripts/requirements.txt'
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}

# No path of this machine stays in what is released. The variable separates flags by a unit separator: folders may have
# spaces.
without_paths() {
  local prefix flags=()
  for prefix in "$root=/source" "$CARGO_TARGET_DIR=/target" "${CARGO_HOME:-$HOME/.cargo}=/cargo"; do
    flags+=("--remap-path-prefix=$prefix")
  done
  CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && printf '%s' "${flags[*]}")
  export CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL=0
}

can_build_for() { # TARGET
  [[ -d $(rustc --print sysroot)/lib/rustlib/$1 ]] ||
    fail 2 "Rust cannot build for $1 yet; run: rustup target add $1"
}

# Below target/tools, with the versions of its own lock file.
install_tool() { # CRATE VERSION OPTIONS...
  PATH=$root/target/tools/bin:$PATH
  # Some crates name a toolchain of their own.
  RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-stable} cargo install --quiet --locked --root "$root/target/tools" \
    "$1@$2" "${@:3}" >&2 || fail 2 "$1 $2 could not be installed"
}
