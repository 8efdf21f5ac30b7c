# shellcheck shell=bash
# What the scripts that speak to AWS have in common; sourced by them.

# shellcheck source=scripts/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

readonly poll_seconds=10
# Errors in the words that try_aws and stack_exists read.
export AWS_PAGER='' AWS_RETRY_MODE=standard AWS_CLI_ERROR_FORMAT=legacy
aws_messages=$(mktemp)
trap 'rm -f "$aws_messages"' EXIT

# The Region that is asked for, else the one that the AWS CLI is set to.
choose_region() { # REGION_OR_EMPTY
  region=${1:-${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}}
  [[ -n $region ]] || wrong_usage 'no Region is set; give --region'
  [[ $region =~ ^[a-z][a-z0-9-]{0,31}$ ]] || wrong_usage "$region is no Region"
}

# A command that AWS refuses leaves its last line in aws_error.
try_aws() { # ARGUMENTS_OF_AWS...
  local ended=0
  aws "$@" --region "$region" --output text 2>"$aws_messages" || ended=$?
  return "$ended"
}

aws_error() {
  grep -v '^[[:space:]]*$' "$aws_messages" | tail -n 1
}

ask() { # ARGUMENTS_OF_AWS...
  try_aws "$@" || fail 2 "aws $1 $2: $(aws_error)"
}

# Does what changes something, or with --dry-run says it.
change() { # ARGUMENTS_OF_AWS...
  if [[ $dry_run == yes ]]; then
    printf 'aws'
    printf ' %q' "$@" --region "$region"
    printf '\n'
  else
    note "aws $1 $2"
    aws "$@" --region "$region" >&2 || fail 2 "aws $1 $2 failed"
  fi
}

# Leaves the stack's status in stack_status.
stack_exists() { # STACK_NAME
  stack_status=$(try_aws cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus') && return
  [[ $(aws_error) == *'does not exist'* ]] || fail 2 "aws cloudformation describe-stacks: $(aws_error)"
  return 1
}

stack_output() { # STACK_NAME OUTPUT_KEY
  ask cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue"
}

delete_stack() { # STACK_NAME ARGUMENTS_OF_AWS...
  local stack=$1
  shift
  change cloudformation delete-stack --stack-name "$stack" "$@"
  change cloudformation wait stack-delete-complete --stack-name "$stack"
}

base64_of_hexadecimal() { # DIGEST
  local place
  for ((place = 0; place < ${#1}; place += 2)); do printf '%b' "\\x${1:place:2}"; done | base64
}
