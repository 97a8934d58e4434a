#!/bin/sh
# quick.sh BUILD: what of `make lint` takes seconds, for before each commit.
set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0
sh tests/lint/layers.sh || bad=1
sh tests/lint/names.sh "${1:-build/release}" || bad=1
sh tests/lint/form.sh || bad=1
sh tests/lint/operations.sh || bad=1
perl tests/mutants/run.pl --fits || bad=1
MUTANTS_LIST=tests/proof/mutants.list perl tests/mutants/run.pl --fits || bad=1
exit $bad
