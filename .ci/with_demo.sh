#!/usr/bin/env bash
# Runs a command against a demo server of its own, on free ports, without public mail: PARVIS_DEMO names its demo.json.
# The server's data are a copy of the folder that PARVIS_FILLED names, else filled first.
# usage: .ci/with_demo.sh command...
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
[ -z "${PARVIS_FILLED:-}" ] || cp -a "$PARVIS_FILLED/." "$folder"
.venv/bin/python -m parvis demo --data "$folder" --port 0 --public-mail none --no-model >"$folder.log" 2>&1 </dev/null &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -rf "$folder" "$folder.log"' EXIT
for _ in $(seq 600); do
  grep -q '^  http' "$folder.log" && break
  kill -0 $server 2>/dev/null || { cat "$folder.log"; echo "the demo server did not start"; exit 1; }
  sleep 0.5
done
grep -q '^  http' "$folder.log" || { cat "$folder.log"; echo "the demo server did not answer in five minutes"; exit 1; }
export PARVIS_DEMO="$folder/demo.json"
"$@"
