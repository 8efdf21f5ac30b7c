# shellcheck shell=bash
# What all scripts have in common; sourced by them.

fail() { # EXIT_CODE MESSAGE
  printf '%s: %s\n' "${0##*/}" "$2" >&2
  exit "$1"
}

note() { # MESSAGE
  printf '%s: %s\n' "${0##*/}" "$1" >&2
}

wrong_usage() { # MESSAGE
  fail 64 "$1; see --help"
}

needs() { # TOOLS...
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail 2 "$tool is needed and was not found"
  done
}

sha256() { # FILE
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}
