#!/usr/bin/env bash
# Checks with jq and sha256sum alone that saved evidence is as it says of itself. Needs bash, jq and sha256sum, and fails
# without them; and the binaries of `cargo build --bins --examples`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
built=${CARGO_TARGET_DIR:-target}/debug
program=$(realpath "$built/cloudtrail-all-regions")
for tool in jq sha256sum; do
  command -v "$tool" >/dev/null || { echo "$tool is needed" >&2; exit 2; }
done
folder=$(mktemp -d)
coproc stand_in { exec "$built/examples/stand_in"; }
stand_in_pid=$stand_in_PID
trap 'kill "$stand_in_pid" 2>/dev/null || true; rm -rf "$folder"' EXIT
read -r line <&"${stand_in[0]}"
endpoint=$(jq -r .endpoint <<<"$line")
failures=0

check() { # WHAT EXPECTED ACTUAL
  if [[ $2 == "$3" ]]; then
    echo "ok: $1"
  else
    printf 'FAILED: %s\n  expected: %s\n  actual:   %s\n' "$@" >&2
    failures=$((failures + 1))
  fi
}

run() { # ARGUMENTS... ; sets exit_code
  exit_code=0
  # The account is in the access key.
  env -i HOME="$folder" AWS_CONFIG_FILE="$folder/config" AWS_SHARED_CREDENTIALS_FILE="$folder/credentials" \
    AWS_ENDPOINT_URL="$endpoint" AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true \
    AWS_ACCESS_KEY_ID=AKIABZPUZDIKAAAAAAAA AWS_SECRET_ACCESS_KEY=not-to-be-seen \
    "$program" "$@" >"$folder/out" 2>"$folder/err" || exit_code=$?
}

documented_sha256() { jq -cSj 'del(.provenance.sha256)' "$1" | sha256sum | cut -d' ' -f1; }

file=$folder/evidence.json
run check --parameter 'maxDeliveryAgeHours=24' --save-evidence "$file"
check 'an account without trails is not compliant' '1 ' "$exit_code $(cat "$folder/err")"
check 'the account is the one of the credentials' 123456789012 "$(jq -r .accountId "$file")"
check 'the SHA-256 is that of the document without it' "$(jq -r .provenance.sha256 "$file")" "$(documented_sha256 "$file")"
check 'every call has a request id' 0 "$(jq '[.provenance.calls[] | select(.requestId == null)] | length' "$file")"
check 'no credential is in it' '' "$(grep -E 'AKIA|not-to-be-seen' "$file" || true)"

cp "$folder/out" "$folder/live"
run check --evidence "$file"
check 'the verdict is the same at any later time' "1 $(head -1 "$folder/live")" "$exit_code $(head -1 "$folder/out")"

jq . "$file" >"$folder/reformatted.json"
run check --evidence "$folder/reformatted.json"
check 'white space does not matter' '1 ' "$exit_code $(cat "$folder/err")"
jq '.collectedAt = "2020-01-01T00:00:00Z"' "$file" >"$folder/changed.json"
run check --evidence "$folder/changed.json"
check 'a change is refused' '64 ' "$exit_code $(cat "$folder/out")"
check 'and the SHA-256 that was found is told' yes \
  "$(grep -q "$(documented_sha256 "$folder/changed.json")" "$folder/err" && echo yes || cat "$folder/err")"
jq --arg sha256 "$(documented_sha256 "$folder/changed.json")" '.provenance.sha256 = $sha256' "$folder/changed.json" >"$folder/resealed.json"
run check --evidence "$folder/resealed.json"
check 'jq seals as the program does' '1 ' "$exit_code $(cat "$folder/err")"

((failures == 0))
