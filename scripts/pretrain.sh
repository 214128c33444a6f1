#!/usr/bin/env bash
# The pretrained policy: the expert records roads of every family, then the policy drives and learns from its own mistakes, in rounds.
#   ./scripts/pretrain.sh [--out POLICY] [OPTION ...]      default POLICY: outputs/pretrained
# POLICY/rounds holds the rounds. A second run goes on where the first one was stopped. OPTIONs go to scripts/dagger.py, such as --rounds 3.
set -eEuo pipefail
cd "$(dirname "$0")/.."
out=outputs/pretrained
if [ "${1:-}" = --out ]; then
    out="${2:?--out needs a folder}"
    shift 2
fi
stage=set-up
source scripts/sourced/jobs.sh
trap 'echo "pretrain: failed at stage: $stage" >&2' ERR
source scripts/sourced/environment.sh ""  # without it, the sourced file would see OUT as its own argument
mkdir -p "$out"

# own COMMAND...: run one of our commands, which ends with this script, however this one ends
own() { job env LIQUIDLANE_OWNER=$$ "$@"; }

stage=rounds
own python scripts/dagger.py --config configs/dagger/pretrained.yaml --out "$out/rounds" "$@"
cp "$out"/rounds/checkpoint/policy.{safetensors,json} "$out/"
stage=report
own python scripts/report.py --title "LiquidLane pretrained policy" --out "$out" --dagger "$out/rounds"
echo "the policy: $out/policy.safetensors, $out/policy.json; look at: $out/report.html"
echo "pretrain: ok"
