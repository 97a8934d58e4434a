#!/bin/sh
# Adds up the summaries of cmocka in the logs on stdin and closes with one line. A run of no test is a failure.
awk -v programs="$1" '
/^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
/^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
/^\[ +SKIPPED +\] [0-9]+ test/ { skipped += $4 }
/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3 }
/^replayed [0-9]+ inputs/ { passed += 1 }
END { if (skipped) printf "%d skipped: what this host or this build cannot do\n", skipped; printf "%d test programs\n%d passed, %d failed\n", programs, passed, failed; exit passed == 0 || failed > 0 }'
