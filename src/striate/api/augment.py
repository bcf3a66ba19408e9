"""`striate.augment_sheet`: what a policy makes of the training pictures, as a contact sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from striate.augmentation import (
    AugmentationPolicy,
    augment,
    class_changing,
    draw_mixture,
    draw_policy,
    mix,
    mixing_partners,
    permutation,
    read_policy,
)
from striate.choosing import in_turn
from striate.data import Dataset
from striate.deciding.deciding import Deciding
from striate.deciding.training_request import TrainingRequest
from striate.errors import UsageError
from striate.pixels import Preprocessing
from striate.report.contact_sheet import Tile, draw_contact_sheet
from striate.table_reading import read_dataclass
from striate.tasks import said_of
from striate.text_layout import wrapped
from striate.training import merge, read_settings
from striate.watching import Watcher
from striate.wording import plural

MOST = 64
"""Rows and columns that a sheet can have."""

_ONLY_COLOUR = ("saturation", "pca_colour", "hue")


@dataclass(frozen=True)
class Change:
    """One operation as it was drawn for a picture."""

    operation: str
    text: str
    """The magnitude as people read it, with units."""
    values: tuple[float, ...]
    """The numbers that were drawn; what they are is said by the operation's `values`."""


@dataclass(frozen=True)
class SheetRow:
    """A training picture and its draws."""

    key: str
    label: str
    draws: tuple[tuple[Change, ...], ...]
    """Of epoch 1, 2, 3...: the changes in their order; none where the picture stays as it is."""


@dataclass(frozen=True)
class AugmentationSheet:
    """A contact sheet, and what is on it."""

    pixels: npt.NDArray[np.uint8]
    """(H, W, 3), RGB."""
    policy: AugmentationPolicy
    warnings: tuple[str, ...]
    """What in the policy may change a picture's class, a sentence each."""
    rows: tuple[SheetRow, ...]

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        said = [notebook.text(warning) for warning in self.warnings]
        return notebook.block("Augmentation", *said, notebook.picture(self.pixels))

    def to_text(self, *, width: int | None = None) -> str:
        """The sheet's size in pixels, what is on it, and the operations."""
        height, across, _ = self.pixels.shape
        operations = ", ".join(operation.name for operation in self.policy.active) or "nothing is changed"
        counts = f"{plural(len(self.rows), 'picture')}, {plural(len(self.rows[0].draws), 'draw')}"
        return "\n".join(wrapped(f"{across}x{height}, {counts}: {operations}", width))

    def to_dict(self) -> dict[str, Any]:
        """All but the pixels, as JSON types."""
        return {
            "policy": self.policy.to_dict(),
            "warnings": list(self.warnings),
            "pictures": [
                {"key": row.key, "class": row.label, "draws": [[vars(change) for change in draw] for draw in row.draws]}
                for row in self.rows
            ],
        }


def augment_sheet(
    data: str | Path | Dataset,
    *,
    policy: str | Path | AugmentationPolicy = "standard",
    settings: Sequence[str] = (),
    pictures: int = 4,
    draws: int = 5,
    model: str | None = None,
    size: int | None = None,
    seed: int = 0,
    root: str | Path | None = None,
    watcher: Watcher | None = None,
) -> AugmentationSheet:
    """Training pictures beside what augmentation makes of them; under each draw, what was done to it and by how much.

    The draws are those of the first epochs of a run with the same data, policy, network and seed: the very pictures that
    it would learn from.

    Args:
        data: A folder of class folders, a CSV file, a folder of IDX files, or a built-in name; see `striate.load_data`.
        policy: `"none"`, `"light"`, `"standard"`, `"strong"`, an operation's name for that one alone, or a TOML file. The named
            ones mirror nothing where the pictures are small and grey, as digits and letters are.
        settings: Assignments over the policy, such as `"rotation.degrees=20"`.
        pictures: Rows: pictures of the training split, of different classes where there are.
        draws: Columns beside the original.
        model: The network whose input the pictures are made; by default what suits the data.
        size: Side of the network's input in pixels.
        seed: Decides which pictures, and the draws.
        root: Where the local copy of a built-in set is.
        watcher: Hears how it goes, and the warnings.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.

    Example:
        >>> sheet = augment_sheet("digits", policy="rotation", settings=["rotation.degrees=20"], pictures=2, draws=3)
        >>> [change.operation for change in sheet.rows[0].draws[0]]
        ['rotation']
    """
    for name, count in (("pictures", pictures), ("draws", draws)):
        if not 1 <= count <= MOST:
            raise UsageError(f"{name} must lie in 1..{MOST}, got {count}")
    if not isinstance(policy, AugmentationPolicy):
        _with_settings(read_policy(policy, drawn=False), read_settings(settings))  # a mistake shows as it was written
    request = TrainingRequest(
        data=data,
        model=model,
        augment=policy,
        size=size,
        seed=seed,
        settings=[f"augmentation.{setting}" for setting in settings],
        root=root,
    )
    deciding = Deciding(request, watcher or Watcher())
    deciding.check_request()
    deciding.read_data()
    deciding.choose_network()
    deciding.choose_input(colours=False)
    deciding.choose_augmentation()
    dataset, chosen = deciding.dataset, deciding.recipe.augmentation
    warnings = tuple(class_changing(chosen, drawn=deciding.facts.drawn))
    if not deciding.facts.colour and (idle := [name for name in _ONLY_COLOUR if getattr(chosen, name).active]):
        deciding.watcher.note(f"{', '.join(idle)} changes nothing here: the pictures are grey")
    reader = _Reader(dataset, deciding.preprocessing)
    training = dataset.indices("train")
    indices = pick_pictures(dataset, training, count=pictures, seed=seed)
    originals = reader.images(indices)
    columns = []
    for epoch in range(draws):
        changed, changes = draw_epoch(reader, training, indices, originals, chosen, seed=seed, epoch=epoch)
        columns.append((_to_pixels(changed), changes))
    rows = sheet_rows(dataset, indices, [changes for _, changes in columns])
    tiles = lay_out(rows, _to_pixels(originals), [pixels for pixels, _ in columns])
    name = Path(policy).name if not isinstance(policy, AugmentationPolicy) else "own policy"
    size_text = f"{originals.shape[3]} x {originals.shape[2]} pixels"
    pixels = draw_contact_sheet(
        f"Augmentation {name} on {dataset.name}, {size_text}, seed {seed}",
        tiles,
        columns=["original", *(f"epoch {epoch + 1}" for epoch in range(draws))],
        notes=warnings,
    )
    return AugmentationSheet(pixels, chosen, warnings, rows)


def _with_settings(policy: AugmentationPolicy, settings: Mapping[str, Any]) -> AugmentationPolicy:
    if not settings:
        return policy
    table = merge(policy.to_dict(), settings)
    return read_dataclass(AugmentationPolicy, table, what="augmentation policy")


def sheet_rows(
    dataset: Dataset, indices: npt.NDArray[np.int64], drawn: Sequence[Sequence[tuple[Change, ...]]]
) -> tuple[SheetRow, ...]:
    """A row a picture: its name and class, and of each draw what was done to it."""
    return tuple(
        SheetRow(
            dataset.pictures.key(int(index)),
            said_of(dataset.task, dataset.labels[index], dataset.classes),
            tuple(changes[place] for changes in drawn),
        )
        for place, index in enumerate(indices)
    )


def lay_out(
    rows: Sequence[SheetRow], originals: npt.NDArray[np.uint8], drawn: Sequence[npt.NDArray[np.uint8]]
) -> list[list[Tile]]:
    """A row a picture: the original with its class, then each draw with what was done to it."""
    return [
        [
            Tile(originals[place], [row.label, row.key]),
            *(
                Tile(pixels[place], [change.text for change in changes] or ["unchanged"])
                for pixels, changes in zip(drawn, row.draws, strict=True)
            ),
        ]
        for place, row in enumerate(rows)
    ]


@dataclass(frozen=True)
class _Reader:
    """Pictures as the network would get them."""

    dataset: Dataset
    preprocessing: Preprocessing

    def pixels(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """(k, H, W, C) uint8."""
        return np.stack([self.preprocessing.pixels(self.dataset.pictures.read(int(row))) for row in rows])

    def images(self, rows: npt.NDArray[np.int64]) -> torch.Tensor:
        """(k, C, H, W) float32 in 0..1."""
        return torch.from_numpy(self.pixels(rows)).permute(0, 3, 1, 2).to(torch.float32).div_(255)


def pick_pictures(dataset: Dataset, training: npt.NDArray[np.int64], *, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Up to `count` training pictures in a random order, every class once before any comes again; then sorted by class."""
    order = training[permutation(seed, 0, len(training))]
    picked = order[in_turn(dataset.task.strata(dataset.labels[order]), count)]
    return picked[np.argsort(dataset.task.strata(dataset.labels[picked]), kind="stable")]


def draw_epoch(
    reader: _Reader,
    training: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int64],
    originals: torch.Tensor,
    policy: AugmentationPolicy,
    *,
    seed: int,
    epoch: int,
) -> tuple[torch.Tensor, list[tuple[Change, ...]]]:
    """The pictures as an epoch's draws change them, (k, C, H, W) in 0..1, and what was drawn."""
    changed = augment(originals, policy, seed=seed, epoch=epoch, indices=indices)
    drawn = draw_policy(policy, seed=seed, epoch=epoch, indices=indices)
    idle = _ONLY_COLOUR if originals.shape[1] == 1 else ()
    changes = [
        [
            Change(name, draws.operation.describe(draws.values[place]), tuple(map(float, draws.values[place])))
            for name, draws in drawn.items()
            if draws.on[place] and name not in idle
        ]
        for place in range(len(indices))
    ]
    positions = mixing_partners(policy, seed=seed, epoch=epoch, indices=indices, count=len(training))
    if positions is not None:
        rows = training[positions]
        others = augment(reader.images(rows), policy, seed=seed, epoch=epoch, indices=rows)
        changed, weights = mix(changed, others, policy, seed=seed, epoch=epoch, indices=indices)
        mixture = draw_mixture(policy, seed=seed, epoch=epoch, indices=indices)
        for place, row in enumerate(rows):
            for kind, on in (("mixup", mixture.mixup), ("cutmix", mixture.cutmix)):
                if on[place]:
                    data, share = reader.dataset, float(weights[place])
                    label = said_of(data.task, data.labels[row], data.classes)
                    changes[place].append(Change(kind, f"{kind}: {1 - share:.0%} {label}", (share,)))
    return changed, [tuple(row) for row in changes]


def _to_pixels(images: torch.Tensor) -> npt.NDArray[np.uint8]:
    pixels: npt.NDArray[np.uint8] = (images * 255).round_().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return pixels
