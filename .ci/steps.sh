# Sourced: `step NAME` begins a step; at the end each is printed with its seconds.

steps=()

step() {
    step_ends
    step=$* step_began=$SECONDS
    printf '\n== %s\n' "$step"
}

step_ends() {
    [ -z "${step:-}" ] || steps+=("$(printf '%5d s  %s' $((SECONDS - step_began)) "$step")")
}

trap 'step_ends; printf "\n%s\n%5d s  in all\n" "$(printf "%s\n" "${steps[@]}")" "$SECONDS"' EXIT
