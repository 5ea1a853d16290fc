#!/usr/bin/env bash
# The steps of `make test`; all are run, all faults are shown, one summary at the end. Steps that use
# one processor are run beside others that do.
# usage: .ci/steps.sh all|quick|build|fuzz
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" PYTHONUTF8=1 CI=${CI:-true}
unset PYTHONDONTWRITEBYTECODE # each server of a test would compile the whole program again
done_steps=0 failed=() skipped=() unsteady=()
shared=(-n logical --dist loadfile)
wide=(-n $(($(nproc) + 1)) --dist loadfile) # tests that wait for a database or another process leave room for one more

step() { # name command...: exit 0 passes, 5 of pytest (no test) and 77 are a skip, anything else fails
  local name=$1 start=$SECONDS code=0
  shift
  printf '\n\033[1m== %s\033[0m\n' "$name"
  "$@" || code=$?
  case $code in
    0) done_steps=$((done_steps + 1)); printf -- '-- %s: passed in %d s\n' "$name" $((SECONDS - start)) ;;
    5 | 77) skipped+=("$name"); printf -- '-- %s: skipped, nothing to run\n' "$name" ;;
    *) failed+=("$name"); printf -- '-- %s: FAILED (exit %d) after %d s\n' "$name" $code $((SECONDS - start)) ;;
  esac
}

at_once() { # functions...: runs these lists of steps beside each other; the last is shown as it goes, the others at their end
  local each folder running=()
  folder=$(mktemp -d)
  for each in "${@:1:$#-1}"; do
    (done_steps=0 failed=() skipped=(); "$each" >"$folder/$each" 2>&1; declare -p done_steps failed skipped >"$folder/$each.sum") &
    running+=($!)
  done
  "${@: -1}"
  wait "${running[@]}"
  for each in "${@:1:$#-1}"; do
    cat "$folder/$each"
    if [ -s "$folder/$each.sum" ]; then add "$folder/$each.sum"; else failed+=("$each"); fi
  done
  rm -rf "$folder"
}

add() { # file: adds to the sums those that another shell has written down
  local sum=$done_steps broken=("${failed[@]}") absent=("${skipped[@]}")
  eval "$(sed 's/^declare -[-a]* //' "$1")"
  done_steps=$((done_steps + sum)) failed=("${broken[@]}" "${failed[@]}") skipped=("${absent[@]}" "${skipped[@]}")
}

script_of_web() { # name: runs web's npm script of that name, 77 when there is none
  [ -e web/package.json ] || { echo "web/package.json is not there"; return 77; }
  node -e 'process.exit(require("./web/package.json").scripts?.[process.argv[1]] ? 0 : 1)' "$1" || { echo "web/ has no script \"$1\""; return 77; }
  (cd web && npm run --silent "$1")
}

# Files of browser tests, those that take longest first, are dealt out to as many demo servers as there are processors, two at most:
# each file is run whole against one of them, and what it printed is shown when it has ended. A file that failed is run once more
# against a new server and in the whole browser, so that what one file left behind, the hour or the light browser brought does not
# decide; the summary names it.
browser_tests() {
  [ -d web/e2e ] || { echo "web/e2e is not there"; return 77; }
  command -v chromium >/dev/null || { echo "chromium is not installed"; return 77; }
  local queue worker workers=() again=() code=0
  queue=$(mktemp)
  (cd web && ls e2e/accessibility.test.mjs && ls -S e2e/*.test.mjs | grep -v accessibility) >"$queue"
  for worker in $(seq "$(nproc | awk '{ print $1 < 2 ? $1 : 2 }')"); do
    .ci/with_demo.sh .ci/from_queue.sh "$queue" web timeout 30m node --test &
    workers+=($!)
  done
  for worker in "${workers[@]}"; do wait "$worker" || code=1; done
  if [ $code != 0 ] && [ -s "$queue.failed" ]; then
    mapfile -t again <"$queue.failed"
    mv "$queue.failed" "$queue"
    code=0
    CHROMIUM=$(command -v chromium) .ci/with_demo.sh .ci/from_queue.sh "$queue" web timeout 30m node --test || code=$?
    [ $code != 0 ] || unsteady+=("${again[@]}")
  fi
  rm -f "$queue" "$queue".*
  return $code
}

static() {
  step "style (ruff)" ruff check .
  step "format (ruff)" ruff format --check .
  step "types (mypy --strict)" mypy
  step "order of the rooms (import-linter)" lint-imports --no-logo
  step "rules of the house" python tools/house.py
  python tools/generate_docs.py --check || true # a hint: pages made from the code are renewed by `make docs`
}

demo() { # what all servers of the browser tests begin with, made once: nothing is read while they run
  step "demo, filled and read by search" filled_demo
}

filled_demo() {
  command -v chromium >/dev/null || { echo "chromium is not installed"; return 77; }
  python -m parvis demo --data "$PARVIS_FILLED" --fill-only --public-mail none --no-model && python -m parvis reindex --here --data "$PARVIS_FILLED"
}

web() {
  step "web: types and templates" script_of_web check
  step "web: unit tests" script_of_web test
  step "web: build, within its budget" script_of_web build
}

tests() { # name marker-expression [options]: files of tests are shared out among as many processes as options say
  step "$1" in_memory python -m pytest -q -m "$2" --durations=5 "${@:3}"
}

in_memory() { # command...: with temporary files in memory where there is room, so that no test waits for a disk
  local folder code=0
  [ "$(df --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 6000000 ] 2>/dev/null || { "$@"; return; }
  folder=$(mktemp -d /dev/shm/parvis.XXXX)
  chmod 711 "$folder" # servers of tests give up root
  TMPDIR=$folder "$@" || code=$?
  rm -rf "$folder"
  return $code
}

summary() {
  printf '\nsteps: %d passed, %d failed, %d skipped\n' "$done_steps" "${#failed[@]}" "${#skipped[@]}"
  [ ${#skipped[@]} = 0 ] || printf '  skipped: %s\n' "${skipped[@]}"
  [ ${#unsteady[@]} = 0 ] || printf '  passed only when run again: %s\n' "${unsteady[@]}"
  [ ${#failed[@]} = 0 ] || { printf '  FAILED: %s\n' "${failed[@]}"; exit 1; }
}

case ${1:-all} in
  quick) static; tests "fast tests" "not slow and not peer" "${wide[@]}" ;;
  build)
    step "web client" script_of_web build
    step "wheel" python -m pip wheel -q --no-deps --wheel-dir dist .
    ;;
  fuzz) step "fuzzing" python -m tests.fuzz "${FUZZ_SECONDS:-60}" ;;
  all)
    PARVIS_FILLED=$(mktemp -d)
    export PARVIS_FILLED
    trap 'rm -rf "$PARVIS_FILLED"' EXIT
    at_once static demo web
    tests "fast tests" "not slow and not peer" "${wide[@]}"
    # In the order of folders, in which the longest are among the first: else files of a single long test would end alone.
    tests "slow tests and other servers" "slow or peer" "${shared[@]}" --no-loadscope-reorder
    step "web: browser tests" in_memory browser_tests
    ;;
esac
summary
