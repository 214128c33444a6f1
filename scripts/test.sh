#!/usr/bin/env bash
# Run linter, types and tests on a fresh machine. Further arguments go to pytest: ./scripts/test.sh -k ltc
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/sourced/jobs.sh
source scripts/sourced/environment.sh dev
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
job ruff check .
job ruff format --check --quiet .
mypy &
types=$!
# The page tests open the viewer in a real browser. Without one they are skipped.
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    job sh -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium" >/dev/null 2>&1 || echo "no Chromium: the page tests will be skipped"
fi
job compile_server # after a change to that code; else each of the processes below would do it
wait "$types"
if [ "$#" -gt 0 ]; then
    exec pytest "$@"
fi
# Processes of pytest, one group of folders each and the longest first; two at a time, one per core. The fuzz test has a process of its own: in a
# shared one, clients of other tests may reconnect to a port that now belongs to its server, and crash. Not with pytest-xdist: its workers can hang.
fuzz=tests/standin/wire/test_fuzz.py
groups=(
    "tests/standin tests/simulator tests/rollout"
    "tests/surroundings tests/end_to_end"
    "tests/policy tests/training"
    "tests/evaluation"
    "tests/world"
)
others="tests $(printf -- '--ignore=%s ' ${groups[*]})"
job xargs --max-procs=2 --max-lines=1 pytest <<<"$(printf '%s\n' "${groups[0]} --ignore=$fuzz" "${others% }" "${groups[@]:1}" "$fuzz")"
