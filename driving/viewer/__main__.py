"""Shows a drive for `python -m driving.viewer`, which evaluations start for their live view."""

from driving.command import start
from driving.viewer.command import view_command

if __name__ == "__main__":
    start(lambda: view_command("Show a drive: scripts/view.py explains the options."))
