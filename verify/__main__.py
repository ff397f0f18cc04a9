"""`python -m verify`, and the command `verify`."""

from verify.cli import main

if __name__ == "__main__":
    main()
