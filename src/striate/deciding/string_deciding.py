"""Deciding how a run on pictures of strings goes: how wide lines are, and whether every string can be said in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from striate.choosing import evenly
from striate.data.facts import data_facts
from striate.deciding.kind_deciding import KindDeciding
from striate.encodings import DEFAULT_KIND, Encoding
from striate.errors import DataError, UsageError
from striate.models import CRNN, model_row
from striate.pixels import Preprocessing, decode
from striate.tasks import OF_STRINGS
from striate.tasks.ctc_decoding import END, places_needed
from striate.training import Decision
from striate.training.ctc import refuse_unsayable

MOST_WIDE = 2048
"""Pixels of width that lines have at most; longer ones are made smaller."""

STEP = 4
"""Pixels of a line for each place at which it is read."""

SAMPLED = 200
"""Training pictures whose edges are looked at."""


class StringDeciding(KindDeciding):
    """A run on pictures that say strings, while it is decided."""

    kind: ClassVar[str] = DEFAULT_KIND
    sequential: ClassVar[bool] = True
    called: ClassVar[str] = "pictures of strings"
    excluded: ClassVar[tuple[str, ...]] = (
        *("weights", "mean", "std", "augment", "size", "metric", "classifier"),
        *("balance", "abstain", "vectors"),
    )
    tasks: ClassVar[tuple[str | None, ...]] = (None, OF_STRINGS.name)
    default_model: ClassVar[str] = "crnn"
    default_model_why: ClassVar[str] = "convolutions and LSTMs that read a line, for strings"
    recipe_name: ClassVar[str] = "strings"
    recipe_why: ClassVar[str] = "AdamW, from random weights"

    lines: Preprocessing
    """Known after `choose_input`."""

    @property
    def encoding(self) -> Encoding:
        """How a picture becomes a line of the network's height."""
        return self.lines

    def check_request(self) -> None:
        """Refuses what cannot be done with any pictures of strings, and alphabets that are none."""
        super().check_request()
        if not self.data.task.sequential:
            raise UsageError(
                f"{self.data.name!r} was loaded as {self.data.task.name!r}, and strings are asked for; load it by "
                f"load_data(..., task={OF_STRINGS.name!r})"
            )
        odd = [name for name in self.data.classes if len(name) != 1]
        if odd:
            raise DataError(
                f"an alphabet has single signs, and the blank is none of them; {self.data.location} has {odd[0]!r} among its classes"
            )

    def read_data(self, *, most: int | None = None) -> None:
        """Checks and splits the pictures, and says what in the other splits training has not."""
        super().read_data(most=most)
        self.facts = data_facts(self.dataset)
        signs, strings = len(self.dataset.classes), self.dataset.labels[self.dataset.indices("train")]
        lengths = (strings != END).sum(axis=1)
        value = f"{signs} signs: {self._shown_alphabet()}"
        why = f"what the training texts have, in NFC; of {int(lengths.min())} to {int(lengths.max())} signs each"
        self.decisions.append(Decision("alphabet", value, why))

    def _shown_alphabet(self, most: int = 40) -> str:
        shown = "".join(self.dataset.classes[:most])
        return repr(shown) + (", ..." if len(self.dataset.classes) > most else "")

    def choose_input(self, *, colours: bool = True) -> None:
        """Decides the lines' width: that of the widest training picture in proportion; and with which grey narrower ones are filled up."""
        table, rows = self.dataset.checked_facts, self.dataset.indices("train")
        height = model_row(self.asked.get("model", self.default_model)).benchmark.input_size[0]
        widths = np.ceil(table.widths[rows] * height / table.heights[rows])
        widest = int(widths.max())
        width = min(MOST_WIDE, max(2 * STEP, STEP * math.ceil(widest / STEP)))
        why = (
            "the widest training line in proportion; narrower ones are filled up on both sides, wider ones made smaller"
        )
        self.decisions.append(Decision("size", f"{height} x {width} px, grey", why))
        fill = self._edge(rows[evenly(len(rows), SAMPLED)])
        self.lines = Preprocessing(
            colour="grey", resize="pad", resize_size=(height, width), fill=fill, mean=(0.5,), std=(0.5,)
        )
        if bool((widths < width).any()):
            self.decisions.append(Decision("fill", str(fill), "the commonest grey of the pictures' edges, of 0 to 255"))

    def _edge(self, rows: Sequence[int] | np.ndarray) -> int:
        """The median of the pixels at the edges of some pictures."""
        edges = []
        for row in rows:
            pixels = decode(self.dataset.pictures.read(int(row)), channels=1)[..., 0]
            edges.append(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]))
        return int(np.median(np.concatenate(edges)))

    def to_device(self) -> CRNN:
        """The network on its device, after all strings were seen to fit into their lines.

        Raises:
            DataError: One does not.
        """
        network = super().to_device()
        if not isinstance(network, CRNN):
            raise UsageError(f"{self.row.name} reads no strings")
        dataset = self.dataset
        strings = [tuple(row[row != END].tolist()) for row in dataset.labels]
        _, width = self.lines.size
        refuse_unsayable(strings, [dataset.pictures.key(row) for row in range(len(dataset))], network.places(width))
        table, height = dataset.checked_facts, self.lines.size[0]
        own = [
            network.places(math.ceil(wide * height / high))
            for wide, high in zip(table.widths, table.heights, strict=True)
        ]
        needed = [places_needed(string) for string in strings]
        narrow = [row for row, places in enumerate(own) if places < needed[row]]
        if narrow:
            self.watcher.note(
                f"{len(narrow):,} of {len(dataset):,} pictures are narrower than {STEP} pixels a sign at a height of {height}, such as "
                f"{dataset.pictures.key(narrow[0])}: their strings can hardly be read; give them wider"
            )
        return network
