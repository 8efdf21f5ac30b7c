#!/usr/bin/env bash
# Checks examples/evidence-of-my-account.sh against a fake `aws`. Needs bash and jq, and fails without them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
script=$here/../../../examples/evidence-of-my-account.sh
command -v jq >/dev/null || { echo 'jq is needed' >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset AWS_REGION AWS_DEFAULT_REGION
bash=$(command -v bash)
failures=0

check() { # WHAT EXPECTED ACTUAL
  if [[ $2 == "$3" ]]; then
    echo "ok: $1"
  else
    printf 'FAILED: %s\n  expected: %s\n  actual:   %s\n' "$@" >&2
    failures=$((failures + 1))
  fi
}

run() { # ARGUMENTS... ; sets exit_code, out, err
  exit_code=0
  PATH=$here/fake-aws:$PATH "$bash" "$script" "$@" >"$folder/out" 2>"$folder/err" || exit_code=$?
  out=$(cat "$folder/out")
  err=$(cat "$folder/err")
}

exit_code=0
"$bash" -n "$script" || exit_code=$?
check 'the syntax is right' 0 "$exit_code"

FAKE_AWS_CALLS=$folder/calls run --region eu-central-1 --output "$folder/evidence.json"
check 'an account is written' 0 "$exit_code"
check 'the evidence is as expected' "$(jq -S . "$here/evidence.json")" \
  "$(jq -S '.collectedAt |= (fromdateiso8601 | "2026-11-01T12:00:00Z")' "$folder/evidence.json")"
check 'no call is made twice' '' "$(sort "$folder/calls" | uniq -d)"
check 'the number of calls' 11 "$(wc -l <"$folder/calls" | tr -d ' ')"

AWS_REGION=eu-central-1 run
check 'standard output and the Region of the environment are the defaults' 'eu-central-1' "$(jq -r .region <<<"$out")"

FAKE_AWS_FAULT=AccessDeniedException run --region eu-central-1
check 'a refused listing of trails is evidence' 'AccessDeniedException' "$(jq -r .trails.refused.code <<<"$out")"
FAKE_AWS_FAULT=503 run --region eu-central-1
check 'an unanswered listing of trails is evidence' '503' "$(jq -r .trails.unanswered.code <<<"$out")"
check 'a refused listing by Config is evidence' 'ListDiscoveredResources' "$(jq -r .discoveredTrails.refused.operation <<<"$out")"
for fault in ExpiredTokenException UnrecognizedClientException 'Unable to locate credentials.'; do
  FAKE_AWS_FAULT=$fault run --region eu-central-1
  check "$fault says nothing about the account" '2 ' "$exit_code $out"
  check "$fault is told" yes "$([[ $err == *"$fault"* ]] && echo yes || echo "$err")"
done
for command in get-trail-status get-event-selectors list-discovered-resources; do
  FAKE_AWS_FAULT=ExpiredToken FAKE_AWS_FAULT_OF=$command run --region eu-central-1
  if [[ $command == list-* ]]; then
    check "$command that is refused is evidence" 'refused' "$(jq -r '.discoveredTrails | keys[0]' <<<"$out")"
  else
    check "credentials that expire at $command say nothing about the account" '2 ' "$exit_code $out"
  fi
done

run --help
check 'help is given' 0 "$exit_code"
for wrong in '--regio x' '--region' '--region US/1' '--output' 'x'; do
  # shellcheck disable=SC2086
  run $wrong
  check "wrong usage: $wrong" '64 ' "$exit_code $out"
done
run
check 'no Region is wrong usage' 64 "$exit_code"
for tool in aws jq; do
  mkdir "$folder/without-$tool"
  [[ $tool == aws ]] || ln -s "$here/fake-aws/aws" "$folder/without-$tool/aws"
  exit_code=0
  PATH=$folder/without-$tool "$bash" "$script" --region eu-central-1 2>"$folder/err" || exit_code=$?
  check "without $tool" "2 evidence-of-my-account.sh: $tool is needed and was not found" "$exit_code $(cat "$folder/err")"
done

((failures == 0))
