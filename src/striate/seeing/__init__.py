"""Seeing inside a network: whose, of which pictures, and by which methods."""
