"""How weights are drawn before training, by name: LeCun's, Xavier's and He's rules, each paper's own; and drafts, where none are."""

from __future__ import annotations

from striate.initialization.drafting import drafting
from striate.initialization.layers import StatesFans, draw_layer, draw_layers, initialize
from striate.initialization.rules import FixedNormal, Rule, fans, lecun1998_uniform_
from striate.initialization.schemes import HE_FAN_OUT, PAPER, SCHEMES, Scheme, list_schemes, named_scheme
from striate.initialization.seeding import seeded

__all__ = [
    "HE_FAN_OUT",
    "PAPER",
    "SCHEMES",
    "FixedNormal",
    "Rule",
    "Scheme",
    "StatesFans",
    "drafting",
    "draw_layer",
    "draw_layers",
    "fans",
    "initialize",
    "lecun1998_uniform_",
    "list_schemes",
    "named_scheme",
    "seeded",
]
