"""Starts the server for `python -m driving.standin`."""

from driving.standin.command import main

if __name__ == "__main__":
    main()
