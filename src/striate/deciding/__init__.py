"""Deciding how a run goes: of all that was not said, what suits the data."""
