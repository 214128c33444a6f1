"""Show a drive neuron by neuron: a movie, a Rerun recording, an interactive page, a picture of the wiring.

    python scripts/view.py --checkpoint RUN --drive EVAL/routes/track_9001 --out VIEW
    python scripts/view.py --checkpoint RUN --log LOG --episode 0 --out VIEW
    python scripts/view.py --checkpoint RUN --drive EVAL/routes/track_9001 --beside OTHER/routes/track_9001 --out VIEW
    python scripts/view.py --checkpoint RUN --live EVAL

With --drive it shows the drive that an evaluation saved. With --log the checkpoint watches a log's frames open loop and steers nothing.
With --beside the page shows a second drive on the same route as well, aligned by the place on the road.
With --live it shows the drives of an evaluation that runs with --live in EVAL, in one more viewer.
"""

from __future__ import annotations

from driving.command import start


def main() -> None:
    """Show a drive."""
    from driving.viewer.command import view_command

    view_command(__doc__ or "")


if __name__ == "__main__":
    start(main)
