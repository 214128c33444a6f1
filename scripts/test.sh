#!/usr/bin/env bash
# Linter, types and tests on a fresh machine. Further arguments go to pytest: ./scripts/test.sh -k ltc
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh dev
# The page tests look at the viewer in a real browser; without one they say so and skip.
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium) >/dev/null 2>&1 || echo "no Chromium: the page tests will be skipped"
fi
ruff check .
ruff format --check --quiet .
mypy
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
if [ "$#" -gt 0 ]; then
    exec pytest "$@"
fi
# Processes side by side, one a core: what drives a simulator, and the rest. The fuzzing has one of its own: clients of other tests,
# reconnecting to a port that is another server's now, have crashed it; and workers of pytest-xdist have hung at their end.
driving="tests/standin tests/simulator tests/rollout tests/evaluation tests/end_to_end"
pytest tests $(for folder in $driving; do echo "--ignore=$folder"; done) &
rest=$!
status=0
pytest $driving --ignore=tests/standin/test_fuzz.py || status=$?
pytest tests/standin/test_fuzz.py || status=$?
wait "$rest" || status=$?
exit "$status"
