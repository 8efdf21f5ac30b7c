#!/usr/bin/env bash
# Writes what the rule would read of this AWS account as an Evidence file (src/rule/evidence.schema.json), with the
# AWS CLI and the credentials that it finds. It only reads. It calls:
#   sts:GetCallerIdentity, cloudtrail:DescribeTrails, cloudtrail:GetTrailStatus, cloudtrail:GetEventSelectors,
#   config:ListDiscoveredResources
case ${BASH_VERSION:-}:${SHELLOPTS:-} in
  :* | *posix*)
    echo 'evidence-of-my-account.sh: it is a script for bash; start it with bash, not with sh' >&2
    exit 64
    ;;
esac
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: evidence-of-my-account.sh [--region REGION] [--output FILE]

  --region REGION  the Region of the rule (default: the one that the AWS CLI is set to)
  --output FILE    where to write the Evidence (default: standard output)
  -h, --help       this text

Exit codes: 0 written, 2 aws or jq is missing or AWS gave no answer that can be used, 64 wrong usage.
USAGE
}

fail() { # EXIT_CODE MESSAGE
  printf 'evidence-of-my-account.sh: %s\n' "$2" >&2
  exit "$1"
}

wrong_usage() { # MESSAGE
  fail 64 "$1; see --help"
}

region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
output=''
while (($# > 0)); do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --region | --output)
      (($# > 1)) && [[ -n $2 ]] || wrong_usage "$1 needs a value"
      if [[ $1 == --region ]]; then region=$2; else output=$2; fi
      shift 2
      ;;
    *) wrong_usage "unknown argument $1" ;;
  esac
done

for tool in aws jq; do
  command -v "$tool" >/dev/null || fail 2 "$tool is needed and was not found"
done
# The words of the AWS CLI are read below.
export AWS_PAGER='' AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=3 AWS_CLI_ERROR_FORMAT=legacy

region=${region:-$(aws configure get region || true)}
[[ -n $region ]] || wrong_usage 'no Region is set; give --region'
[[ $region =~ ^[a-z][a-z0-9-]{0,31}$ ]] || wrong_usage "$region is no Region"

work=$(mktemp -d)
messages=$work/messages
: >"$work/trails"
beside=''
ended() { # EXIT_CODE
  rm -rf "$work" ${beside:+"$beside"}
  case $1 in
    0 | 2 | 64 | 130 | 143) exit "$1" ;;
    *) exit 2 ;;
  esac
}
trap 'ended $?' EXIT

# The answer to an aws command, or {"refused": …} for a permanent and {"unanswered": …} for a transient error.
ask() { # OPERATION REGION ARGUMENTS_OF_AWS...
  local operation=$1 in_region=$2 code kind=refused
  shift 2
  if aws "$@" --region "$in_region" --output json 2>"$messages"; then return; fi
  code=$(sed -n 's/.*An error occurred (\([^)]*\)) when calling the .* operation.*/\1/p' "$messages" | head -n 1)
  if [[ -z $code ]] && grep -qi 'timeout' "$messages"; then code=TimedOut; fi
  if [[ -z $code ]] && grep -qi 'could not connect\|connection was closed' "$messages"; then code=ConnectionFailed; fi
  case $code in
    ExpiredToken* | InvalidClientTokenId | SignatureDoesNotMatch | InvalidSignature* | IncompleteSignature* | \
      MissingAuthenticationToken* | RequestExpired | '')
      fail 2 "$operation: $(cat "$messages")"
      ;;
    UnrecognizedClient*) [[ $in_region != "$region" ]] || fail 2 "$operation: $(cat "$messages")" ;;
    *Throttl* | TooManyRequests* | RequestLimitExceeded | SlowDown | RequestTimeout* | Internal* | Service*Unavailable* | \
      408 | 429 | 5[0-9][0-9] | TimedOut | ConnectionFailed)
      kind=unanswered
      ;;
  esac
  jq -n --arg kind "$kind" --arg operation "$operation" --arg code "$code" \
    '{($kind): {operation: $operation, code: $code}}'
}

# Asks about a trail in its home Region, and where that refuses or cannot be reached, once more in the rule's Region.
ask_about_trail() { # OPERATION ARN HOME_REGION ARGUMENTS_OF_AWS...
  local operation=$1 arn=$2 home=$3 answer code
  shift 3
  answer=$(ask "$operation" "$home" cloudtrail "$@" "$arn") || return
  code=$(jq -r '.refused.code // (.unanswered.code | select(. == "TimedOut" or . == "ConnectionFailed")) // ""' \
    <<<"$answer")
  if [[ -z $code || $home == "$region" ]] ||
    [[ $code == TrailNotFoundException && $arn == arn:*:cloudtrail:*:"$account":* ]]; then
    printf '%s\n' "$answer"
    return
  fi
  answer=$(ask "$operation" "$region" cloudtrail "$@" "$arn") || return
  jq --arg code "$code" 'if .refused then .refused.homeRegionCode = $code
    elif .unanswered then .unanswered.homeRegionCode = $code else . end' <<<"$answer"
}

collected_at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
account=$(aws sts get-caller-identity --region "$region" --query Account --output text 2>"$messages") ||
  fail 2 "GetCallerIdentity: $(cat "$messages")"

# Answers go through pipes and files: an account may have more than an argument can hold.
ask DescribeTrails "$region" cloudtrail describe-trails --include-shadow-trails >"$work/described"
# Of every multi-Region trail its place in the list, its ARN and its home Region.
while IFS=$'\t' read -r place arn home; do
  status=$(ask_about_trail GetTrailStatus "$arn" "$home" get-trail-status --name)
  selectors=$(ask_about_trail GetEventSelectors "$arn" "$home" get-event-selectors --trail-name)
  jq -cs --arg place "$place" '{($place): {GetTrailStatus: .[0], GetEventSelectors: .[1]}}' \
    <<<"$status$selectors" >>"$work/trails"
done < <(jq -r '.trailList // [] | to_entries[] | select(.value.IsMultiRegionTrail == true)
  | [.key, .value.TrailARN // "", .value.HomeRegion // (.value.TrailARN // "" | split(":")[3]) // ""]
  | select(.[1] != "" and .[2] != "") | @tsv' "$work/described")
ask ListDiscoveredResources "$region" configservice list-discovered-resources \
  --resource-type AWS::CloudTrail::Trail >"$work/discovered"

jq -n --arg account "$account" --arg region "$region" --arg collected_at "$collected_at" \
  --slurpfile described "$work/described" --slurpfile trails "$work/trails" \
  --slurpfile discovered "$work/discovered" '
  def unread: .refused or .unanswered;
  {
    accountId: $account, region: $region, collectedAt: $collected_at,
    trails: ($described[0] | if unread then . else
      ($trails | add // {}) as $read | [.trailList // [] | to_entries[] | .value + $read[.key | tostring]]
    end),
    discoveredTrails: ($discovered[0] | if unread then . else [.resourceIdentifiers[]?.resourceId] end)
  }' >"$work/evidence"

# A file that is there is replaced only by a whole one.
if [[ -z $output ]]; then
  cat "$work/evidence"
elif [[ -L $output || (-e $output && ! -f $output) ]]; then
  cat "$work/evidence" >"$output"
else
  # A name that nobody can know before, and the permissions of a new file.
  { beside=$(mktemp "$output.XXXXXX") && cat "$work/evidence" >"$beside" &&
    chmod "$(printf '%o' $((0666 & ~0$(umask))))" "$beside" && mv "$beside" "$output"; } ||
    fail 2 "$output cannot be written"
fi
