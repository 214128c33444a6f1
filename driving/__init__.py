"""Everything that needs logs, a simulator or a trainer. Importing it gives the process a HOME where its environment has none.

The `carla` library reads HOME while it loads and crashes without it. Child processes inherit the value.
"""

import os
import tempfile


def find_home() -> str:
    """Return the home folder: HOME, otherwise the user's entry in the system's list of users, otherwise the folder for temporary files."""
    home = os.environ.get("HOME") or os.path.expanduser("~")
    if os.environ.get("HOME") or os.path.isdir(home):
        return home
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:  # no folder can be written
        return os.sep


os.environ["HOME"] = find_home()
