"""How good Striate's default is beside what people would use instead: the same pictures, the same time, the same weights or none.

    make bench-quality
    python benchmarks/tournament.py --data DATA
    python benchmarks/tournament.py --data DATA --list
    python benchmarks/tournament.py --data DATA --only 60s flowers5 striate fastai
    python benchmarks/tournament.py --page-only

DATA is the folder of the test data (`$STRIATE_TEST_DATA`). Every contender learns from the same train and val folders, in a process
of its own, on two processors, one after the other; the test pictures are those that it has not seen, and its answers to each are
kept, so that contenders are compared picture by picture. A cell is kept as soon as it is measured (`results/quality/`): stop with
Ctrl-C at any time, and the next call goes on with what is missing. A cell is measured only while other programs leave the
processors alone, and is not kept where they did not; --force measures and keeps it all the same, with their share noted. When
Striate has changed, measure it anew: `--only striate striate-scratch --again`; its commit is in each cell.

Peers live in environments of their own under --cache, made by `peers/*.txt`. Writes `docs/quality.md` from the kept cells.
"""

from __future__ import annotations

import sys

from quality.contenders import by_name, other, own
from quality.plan import Table
from quality.running import run
from quality.sets import FEW, SOURCES, names_of

SHORT, LONG = 60, 300
"""Seconds."""
LONG_SETS = ("cifar10", "flowers5", "imagenette")
"""Those that the long budget is for too."""
HEAD = """# How good the default is, beside what people would use instead

Written by `make bench-quality` from the cells in `benchmarks/results/quality/`; `python benchmarks/tournament.py --list` says which
there are. Every contender learns from the same pictures within the same time, counted from the start of its process, on the same
two processors, one after the other; its answers to the same test pictures, which it has not seen, are compared picture by picture.
With weights, all start from one file of MobileNetV2's ImageNet weights, and every peer gets them in a network that pads and
normalises as the one that they were trained in; without, all start from nothing. Peers choose the largest pictures of which three
epochs fit the time, and then as many epochs as fit; what it takes them to measure that, and fastai's `lr_find`, is not counted.

Accuracy is of the middle of three seeds for Striate and of one run for each peer, with its 95 % interval (Wilson). A contender's
rank is one more than the number of those that are better by McNemar's exact test at 5 %, so ties share the better rank. Wall time
is until the classifier is there, for Striate the whole command with sealing, testing and the report; processor time and memory are
those of all its processes.
"""
CONTENDERS = by_name(
    own("striate", "Striate", weights=True, league="with weights"),
    own("striate-scratch", "Striate, no weights", weights=False, league="from nothing"),
    other("fastai", "fastai, fine_tune", "fastai", "fastai_peer.py", "fine-tune"),
    other("timm-head", "timm, features + logistic regression", "timm", "timm_peer.py", "head"),
    other("timm", "timm, fine-tuned", "timm", "timm_peer.py", "fine-tune"),
    other("torchvision", "torchvision, fine-tuned", "timm", "torchvision_peer.py"),
    other("keras", "Keras, two phases", "keras", "keras_peer.py"),
    other("autogluon", "AutoGluon, medium quality", "autogluon", "autogluon_peer.py"),
    other("fastai-scratch", "fastai, xresnet18", "fastai", "fastai_peer.py", "scratch", weights=False),
    other("ultralytics", "Ultralytics, yolo11n-cls", "ultralytics", "ultralytics_peer.py", weights=False),
)
TABLE = Table(
    "quality",
    HEAD,
    CONTENDERS,
    SOURCES,
    (
        *((SHORT, name) for name in SOURCES),
        *((LONG, name) for name in LONG_SETS),
        *((SHORT, name) for name in names_of(SOURCES) if name.endswith(f"-{FEW}")),
    ),
    mean_rank=1.5,
)

if __name__ == "__main__":
    sys.exit(run(TABLE, __doc__))
