"""What is known of every network of the catalogue, found once and kept, so that it is there without torch."""

from striate.catalogue.totals import catalogue_totals, kept_totals

__all__ = ["catalogue_totals", "kept_totals"]
