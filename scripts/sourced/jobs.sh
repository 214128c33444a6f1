# quickstart.sh and test.sh source this file. Ctrl-C or SIGTERM ends all that the script has started, with exit status 130 or 143.
set -m # each job becomes a process group, which can be ended as a whole
interrupt() { # STATUS: say where the script was, and end it
    echo "$(basename "$0"): interrupted${stage:+ at stage: $stage}; run it again" >&2
    exit "$1"
}
end_jobs() { # ask all jobs to end, and kill those that still run after 1.5 s
    trap '' INT TERM
    exec 2>/dev/null # the shell would report each job
    local signal
    for signal in TERM KILL; do
        for group in $(jobs -p); do kill "-$signal" -- "-$group" 2>/dev/null || true; done
        for _ in {1..15}; do [ -z "$(jobs -rp)" ] || sleep 0.1; done
    done
}
trap 'interrupt 130' INT
trap 'interrupt 143' TERM
trap end_jobs EXIT
# job COMMAND...: run a command and wait for its end. Signals to the script do not wait for it.
job() {
    "$@" &
    wait $!
}
