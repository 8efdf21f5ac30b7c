# The commands that are used most.

[private]
default:
    @{{ just_executable() }} --list --unsorted

# Run the cases of the decision; a NAME without a file gets one, with a trail that passes
case NAME:
    test -e 'tests/cases/cloudtrail_all_regions/{{ NAME }}.json' \
        || cp tests/cases/cloudtrail_all_regions/a-basic-selector-of-all-passes.json 'tests/cases/cloudtrail_all_regions/{{ NAME }}.json'
    cargo test --locked --test decision cases

# Write what is made from the code: tables, schemas, examples of the command line
docs:
    UPDATE_DOCS=1 cargo test --locked --test command_line --test deployment --test function -- definition:: document:: formats:: exceptions::
    TRYCMD=overwrite cargo test --locked --test command_line cli::
    scripts/cost --write
    git diff --stat

# Everything that must hold, as CI runs it
ci:
    .ci/run
