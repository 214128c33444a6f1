"""Start the CARLA-protocol stand-in server: `python scripts/standin.py --maps maps/`; --help shows all options."""

from driving.standin.command import main

if __name__ == "__main__":
    main()
