"""The parts of `trust.py`, a file each."""
