"""The version of Striate."""

__version__ = "0.1.0"
