"""`python -m striate`: the same as the `striate` command."""

from striate.cli.main import main

if __name__ == "__main__":
    main()
