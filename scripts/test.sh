#!/usr/bin/env bash
# Run linter, types and tests on a fresh machine. Further arguments go to pytest: ./scripts/test.sh -k ltc
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/sourced/jobs.sh
source scripts/sourced/environment.sh dev
# The page tests open the viewer in a real browser. Without one they are skipped.
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    job sh -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium" >/dev/null 2>&1 || echo "no Chromium: the page tests will be skipped"
fi
job ruff check .
job ruff format --check --quiet .
job mypy
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
if [ "$#" -gt 0 ]; then
    exec pytest "$@"
fi
# Two processes side by side, one per core: tests that drive a simulator, and the rest. The fuzz test has its own process: in a shared one, clients
# of other tests may reconnect to a port that now belongs to its server, and crash. Not with pytest-xdist: its workers can hang at the end.
driving="tests/standin tests/simulator tests/rollout tests/evaluation tests/end_to_end tests/surroundings"
pytest tests $(for folder in $driving; do echo "--ignore=$folder"; done) &
rest=$!
status=0
job pytest $driving --ignore=tests/standin/wire/test_fuzz.py || status=$?
job pytest tests/standin/wire/test_fuzz.py || status=$?
wait "$rest" || status=$?
exit "$status"
