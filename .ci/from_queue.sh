#!/usr/bin/env bash
# Takes line after line from a file that others take from too, and runs a command with each. Fails if one did; queue.failed names those.
# usage: .ci/from_queue.sh queue folder command...
set -uo pipefail
queue=$1 code=0
cd "$2"
shift 2
next() { flock "$queue.lock" sh -c 'head -1 "$1"; sed -i 1d "$1"' next "$queue"; }
while line=$(next) && [ -n "$line" ]; do
  printed=$("$@" "$line" 2>&1) || { code=1; printf '%s\n' "$line" >>"$queue.failed"; }
  printf '# %s\n%s\n' "$line" "$printed"
done
exit $code
