#!/bin/sh
# SPDX-License-Identifier: MIT
# make bench: the same work by acrotate, by a bare libcurl program and by peers, side by side against one emulator. BENCH=full takes the numbers
# of jobs that the goals name, and waits for replication and throttling (half an hour); BENCH=growth shows what a job costs among how many.
set -u
HERE=$(dirname "$0")
echo "bench: $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg), $(date -u +%FT%TZ). Medians; CPU time and instructions count, wall clocks are of this machine."
case ${BENCH:-} in
growth) exec sh "$HERE/growth.sh" ;;
full)   JOBS=10000; WAITING=1000; export LISTED="5000 50000" ;;
*)      JOBS=1000; WAITING= ;;
esac
GOALS=$(mktemp) && export GOALS || exit
trap 'rm -f "$GOALS"' EXIT
sh "$HERE/one.sh" || exit
RUNS='' sh "$HERE/programs.sh" || exit
RUNS='' sh "$HERE/delay.sh" || exit
RUNS='' sh "$HERE/token.sh" || exit
JOBS=$JOBS RUNS=3 sh "$HERE/many.sh" || exit
[ -z "$WAITING" ] || JOBS=$WAITING sh "$HERE/waiting.sh" || exit

grep '^missed' "$GOALS"
echo "bench: $(grep -c '^met' "$GOALS") of $(grep -c . "$GOALS") goals met"
