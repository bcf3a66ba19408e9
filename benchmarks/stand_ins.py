"""Striate's default beside what else it could have been told, on stand-ins for sets that nobody tuned for, in the same time.

    python benchmarks/stand_ins.py --data DATA
    python benchmarks/stand_ins.py --data DATA --list
    python benchmarks/stand_ins.py --page-only

Photographs shrunk to 100 pixels, grey pairs of 28 pixels at nine to one, textures, and signs on photographs; each is made by a seed
and has 1,000 test pictures or more. Rivals are the ways that the default chooses from, each named: a head on the last vector and on
earlier stages, fine-tuning, small networks from nothing. The default must not be worse than the best of them by the paired test.
Cells are kept and measured as by `tournament.py`, and its options are the same. Writes `docs/stand-ins.md` from the kept cells.
"""

from __future__ import annotations

import sys

from quality.contenders import by_name, own
from quality.drawn_sets import STAND_INS
from quality.plan import Table
from quality.running import run

SECONDS = 120
HEAD = """# How well the default chooses, on sets that nobody tuned for

Written by `python benchmarks/stand_ins.py` from the cells in `benchmarks/results/stand-ins/`. Sets are made by a seed
(`benchmarks/quality/drawn_sets.py`): photographs shrunk to 100 pixels, grey pairs of 28 pixels at nine to one, textures, and signs
on photographs. Rivals are the ways that the default chooses from, each told by name and given the same time, on the same two
processors, one after the other; their answers to the same test pictures are compared one by one.

Accuracy is of the middle of three seeds, with its 95 % interval (Wilson). A rank is one more than the number of those that are
better by McNemar's exact test at 5 %; ties share the better rank. Wall time is that of the whole command, with sealing, testing and
the report.
"""
NETWORK = ("--model", "mobilenet_v2")
CONTENDERS = by_name(
    own("striate", "default", weights=True, league="the default"),
    own("head", "head", *NETWORK, "--transfer", "head", weights=True),
    own("head-16", "head on features.16", *NETWORK, "--transfer", "head:features.16", weights=True),
    own("head-13", "head on features.13", *NETWORK, "--transfer", "head:features.13", weights=True),
    own("full", "fine-tuning", *NETWORK, "--transfer", "full", weights=True),
    own("resnet20", "resnet20 from nothing", "--model", "resnet20", weights=False),
    own("airbench", "airbench94 from nothing", "--model", "airbench94", weights=False),
)
TABLE = Table("stand-ins", HEAD, CONTENDERS, STAND_INS, tuple((SECONDS, name) for name in STAND_INS))

if __name__ == "__main__":
    sys.exit(run(TABLE, __doc__))
