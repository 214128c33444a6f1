#!/usr/bin/env bash
# The main job, end to end: record -> train -> drive closed loop -> show. The machine needs Python 3.10 to 3.12 only.
#   ./scripts/quickstart.sh [OUT]        default OUT: outputs/quickstart
# A second run into the same OUT starts over, but keeps the environment.
set -eEuo pipefail
cd "$(dirname "$0")/.."
out="${1:-outputs/quickstart}"
stage=set-up
source scripts/sourced/jobs.sh
trap 'echo "quickstart: failed at stage: $stage" >&2; [ "$stage" != expert ] || cat "$out/expert.txt" >&2' ERR
source scripts/sourced/environment.sh ""  # without it, the sourced file would see OUT as its own argument
mkdir -p "$out"
rm -rf "$out"/{log,training,checkpoint,evaluation,expert,expert.txt,drive.mp4,drive.rrd,neurons.html,wiring.png,stages.csv}

# own COMMAND...: run one of our commands, which ends with this script, however this one ends
own() { job env LIQUIDLANE_OWNER=$$ "$@"; }

# run NAME WHAT COMMAND...: print one line about the stage, run it, and note its time for the report
run() {
    stage="$1"
    local began="$SECONDS"
    echo "== $1: $2"
    "${@:3}"
    echo "$1,$((SECONDS - began)),\"$2\"" >>"$out/stages.csv"
}

run record "the expert drives 20 generated roads, disturbed on purpose; its corrections are the labels -> $out/log" \
    own python scripts/record.py --out "$out/log" --families '{track: 8, street: 4, streets: 4, town: 4}' --minutes 12 --servers 2 --seed 0
# The expert drives while the policy learns: each uses one core.
env LIQUIDLANE_OWNER=$$ python scripts/evaluate.py --driver expert --suite configs/suite/quickstart.yaml --map configs/maps/circuit.xodr \
    --out "$out/expert" >"$out/expert.txt" 2>&1 &
expert=$!
run train "the pretrained policy, a small CNN and 19 liquid neurons, learns on from the log -> $out/training, $out/checkpoint" \
    own python scripts/train.py fit --config configs/train/continued.yaml --model.start pretrained --data.log "$out/log" --out "$out/training" \
    --trainer.max_epochs 4 --model.optimiser.cell 0.002 --model.optimiser.convolutions 0.001
cp -r "$out/training/checkpoint" "$out/checkpoint"
run expert "the expert drove closed loop meanwhile, on tracks and on a map of a circuit -> $out/expert" wait "$expert"
cat "$out/expert.txt"
run drive "the policy drives the same roads, which it has not seen before -> $out/evaluation" \
    own python scripts/evaluate.py --checkpoint "$out/checkpoint" --suite configs/suite/quickstart.yaml --map configs/maps/circuit.xodr \
    --out "$out/evaluation" --workers 2
run show "the first drive, neuron by neuron -> $out/drive.mp4, drive.rrd, neurons.html, wiring.png" \
    own python scripts/view.py --checkpoint "$out/checkpoint" --drive "$out/evaluation/routes/track_9001" --out "$out"
stage=report
own python scripts/report.py --title "LiquidLane quickstart" --out "$out" --log "$out/log" --run "$out/training" --evaluation "$out/evaluation" \
    --expert "$out/expert" --views "$out" --stages "$out/stages.csv"
echo "look at: $out/report.html, $out/drive.mp4, $out/neurons.html"
echo "quickstart: ok"
