"""Record a driving log: the expert drives generated roads or maps and is disturbed on purpose; its corrections are the labels.

    python scripts/record.py --out LOG --families '{track: 3}' --minutes 5 --seed 0
    python scripts/record.py --out LOG --config configs/record/varied.yaml --servers 2
    python scripts/record.py --out LOG --families '{}' --server_maps '[Town03]' --minutes 5 --host 127.0.0.1 --port 2000
    python scripts/record.py --out LOG --families '{}' --maps DIR --minutes 5

Without --host and --port the command starts its own stand-in server. An existing log is continued.
"""

from __future__ import annotations

from driving.command import start


def main() -> None:
    """Record the log."""
    from driving.rollout.command import record_command

    record_command(__doc__ or "")


if __name__ == "__main__":
    start(main)
