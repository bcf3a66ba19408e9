"""Runs: a folder each; carried out, watched and reported."""
