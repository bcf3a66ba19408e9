"""`striate.compose`: pictures of strings, made of real single digits, to learn reading on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.composing import HEIGHT, LineStyle, draw_line, line_width
from striate.data import Dataset, load_data
from striate.durable_writing import folder_beside, write_durably, write_whole
from striate.errors import UnknownNameError, UsageError
from striate.row_writing import FilePath, csv_line
from striate.text_layout import facts
from striate.watching import Watcher
from striate.wording import plural

if TYPE_CHECKING:
    from striate.report.contact_sheet import Tile

SOURCES = ("digits", "mnist")
"""What strings are composed of."""

TABLE = "strings.csv"
SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
"""Of strings; of digits too, where the source has no splits of its own."""

FEWEST, MOST_STRINGS, MOST_SIGNS = 10, 1_000_000, 32
SHOWN = 24
"""Strings on a sheet."""


@dataclass(frozen=True)
class ComposedStrings:
    """A folder of pictures of strings."""

    folder: Path
    source: str
    strings: Mapping[str, int]
    """How many, by split."""
    digits: Mapping[str, int]
    """Of how many different pictures of single digits those are made, by split; no split has one of another's."""
    lengths: tuple[int, int]
    """The fewest and the most signs of a string."""
    size: tuple[int, int]
    """Height and width of every picture, in pixels."""
    seed: int
    first: tuple[tuple[str, str, npt.NDArray[np.uint8]], ...]
    """The first strings of all splits: path, text, (H, W) uint8."""

    def to_dict(self) -> dict[str, Any]:
        """All but the pictures, as JSON types."""
        return {
            "folder": str(self.folder),
            "table": str(self.folder / TABLE),
            "source": self.source,
            "strings": dict(self.strings),
            "digits": dict(self.digits),
            "lengths": list(self.lengths),
            "size": list(self.size),
            "seed": self.seed,
        }

    def to_text(self, *, width: int | None = None) -> str:
        """What was written, and of what."""
        return "\n".join(facts(self._facts(), width=width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(f"Strings of {self.source}", notebook.facts(self._facts()))

    def sheet(self) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8, RGB: the first strings with their texts under them."""
        from striate.report.contact_sheet import Tile, draw_contact_sheet

        tiles: list[Tile] = [Tile(pixels[..., None], [text, path]) for path, text, pixels in self.first]
        rows = [tiles[start : start + 4] for start in range(0, len(tiles), 4)]
        return draw_contact_sheet(f"Strings of {self.source}", rows)

    def _facts(self) -> list[tuple[str, str]]:
        by_split = ", ".join(f"{count:,} {split}" for split, count in self.strings.items())
        digits = ", ".join(f"{count:,} {split}" for split, count in self.digits.items())
        low, high = self.lengths
        length = plural(low, "digit") if low == high else f"{low} to {high} digits"
        return [
            ("strings", f"{sum(self.strings.values()):,} of {length}: {by_split}"),
            ("digits", f"{digits} different ones, none in two splits"),
            ("pictures", f"{self.size[0]} x {self.size[1]} pixels, grey"),
            ("table", str(self.folder / TABLE)),
        ]


def compose(
    source: str,
    output: str | Path,
    *,
    lengths: tuple[int, int] = (1, 8),
    strings: int = 5000,
    seed: int = 0,
    root: str | Path | None = None,
    watcher: Watcher | None = None,
) -> ComposedStrings:
    """Writes a folder of pictures of strings of real digits, and a table `path,text,split` of them.

    The digits of train, val and test are different pictures. Lengths and digits are drawn evenly, and so are spacing, slant,
    size, height on the line and noise: see `striate.composing.LineStyle`. All pictures are as large as the longest string
    needs, with 16 pixels of width a digit.
    The same arguments make the same pictures.

    Args:
        source: `"digits"` (which comes with Striate) or `"mnist"` (a local copy).
        output: The folder, which must not exist.
        lengths: The fewest and the most digits of a string.
        strings: How many in all: 80 % train, 10 % val, 10 % test.
        seed: Decides everything random.
        root: Where the local copy of mnist is.
        watcher: Hears how far it is.

    Raises:
        UnknownNameError: There is no such source.
        UsageError: A number makes no sense, or the folder exists.
        DataError: There is no local copy of mnist.
        OSError: The folder cannot be written; nothing is left behind.
    """
    output, watcher = Path(output), watcher or Watcher()
    _check(source, output, lengths, strings, seed)
    data = load_data(source, root=root)
    pools = _pools(data, seed)
    size = (HEIGHT, line_width(lengths[1]))
    counts = {split: round(share * strings) for split, share in SHARES.items()}
    counts["train"] = strings - counts["val"] - counts["test"]
    rows = [csv_line(["path", "text", "split"])]
    first: list[tuple[str, str, npt.NDArray[np.uint8]]] = []
    done, shown = 0, SHOWN // len(SHARES)
    with folder_beside(output) as own:
        new = own / "new"
        for split, count in counts.items():
            (new / split).mkdir(parents=True)
            for place, (text, pixels) in enumerate(_strings(data, pools[split], split, count, lengths, seed)):
                path = f"{split}/{place:06}.png"
                write_whole(new / path, _png(pixels))
                rows.append(csv_line([FilePath(path), text, split]))
                first += [(path, text, pixels)] if place < shown else []
                done += 1
                watcher.task("composing strings", done, strings)
        write_durably(new / TABLE, b"".join(rows))
        _refuse_taken(output)  # somebody else may have made it meanwhile
        new.rename(output)
    digits = {split: len(pool) for split, pool in pools.items()}
    return ComposedStrings(output, source, counts, digits, lengths, size, seed, tuple(first))


def _check(source: str, output: Path, lengths: tuple[int, int], strings: int, seed: int) -> None:
    if source not in SOURCES:
        raise UnknownNameError("source of digits", source, SOURCES)
    low, high = lengths
    if not 1 <= low <= high <= MOST_SIGNS:
        raise UsageError(f"lengths must be 1 to {MOST_SIGNS} digits, the fewest first, such as 1-8; got {low}-{high}")
    if not FEWEST <= strings <= MOST_STRINGS:
        raise UsageError(f"strings must be {FEWEST} to {MOST_STRINGS:,} in all, got {strings:,}")
    if seed < 0:
        raise UsageError(f"the seed must be 0 or more, got {seed}")
    _refuse_taken(output)
    if not output.parent.is_dir():
        raise UsageError(f"cannot write {output}: there is no folder {output.parent}")


def _refuse_taken(output: Path) -> None:
    if os.path.lexists(output):
        raise UsageError(f"{output} exists already; nothing was changed; name another folder")


def _pools(data: Dataset, seed: int) -> dict[str, npt.NDArray[np.int64]]:
    """The rows of single digits that each split's strings are made of. Equal pictures are one, of the first split that has them."""
    generator = np.random.default_rng([seed, len(SHARES)])
    seen: set[bytes] = set()
    given = [data.indices("test"), data.indices("train")] if data.has_splits else [np.arange(len(data))]
    different = []
    for rows in given:
        kept = []
        for row in rows.tolist():
            picture = np.asarray(data.pictures.read(row)).tobytes()
            kept += [] if picture in seen else [row]
            seen.add(picture)
        different.append(generator.permutation(np.array(kept, np.int64)))
    if data.has_splits:
        test, train = different
        cut = round(len(train) * SHARES["val"])
        return {"train": train[cut:], "val": train[:cut], "test": test}
    (rows,) = different
    cut, end = round(len(rows) * SHARES["val"]), round(len(rows) * (SHARES["val"] + SHARES["test"]))
    return {"train": rows[end:], "val": rows[:cut], "test": rows[cut:end]}


def _strings(
    data: Dataset, pool: npt.NDArray[np.int64], split: str, count: int, lengths: tuple[int, int], seed: int
) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """Texts and pictures; each is drawn by itself, so that more strings change none of the first ones."""
    labels = data.labels[pool]
    of_sign = [pool[labels == label] for label in range(len(data.classes))]
    lacking = [name for name, rows in zip(data.classes, of_sign, strict=True) if not len(rows)]
    if lacking:
        raise UsageError(f"the split {split} has no picture of {', '.join(lacking)}; give another seed")
    width = line_width(lengths[1])
    for place in range(count):
        generator = np.random.default_rng([seed, list(SHARES).index(split), place])
        signs = generator.integers(0, len(data.classes), generator.integers(lengths[0], lengths[1] + 1))
        pictures = [np.asarray(data.pictures.read(int(generator.choice(of_sign[sign])))) for sign in signs]
        yield "".join(data.classes[sign] for sign in signs), draw_line(pictures, width, generator, LineStyle())


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    encoded = BytesIO()
    Image.fromarray(pixels).save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()
