"""`python -m pairsmith`."""

from pairsmith.cli import main

if __name__ == "__main__":
    main()
