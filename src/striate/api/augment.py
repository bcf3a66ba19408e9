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
    with_principal_colours,
)
from striate.choosing import in_turn
from striate.data import Dataset
from striate.data.facts import data_facts, sample_pixels
from striate.data.preparation import prepare_data
from striate.errors import UsageError
from striate.models import create_model, model_row
from striate.pixels import Preprocessing
from striate.report.contact_sheet import Tile, draw_contact_sheet
from striate.table_reading import read_dataclass
from striate.training import choose_model, merge, read_settings
from striate.watching import Watcher
from striate.weights.input_rule import AskedInput, check_side, input_rule

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
    check_side(size)
    if model is not None:
        model_row(model)
    watcher = watcher or Watcher()
    changed_settings = read_settings(settings)
    if not isinstance(policy, AugmentationPolicy):
        _with_settings(read_policy(policy, drawn=False), changed_settings)  # mistakes show before pictures are read
    dataset = prepare_data(data, seed=seed, root=root, watcher=watcher)
    facts = data_facts(dataset)
    chosen = policy if isinstance(policy, AugmentationPolicy) else read_policy(policy, drawn=facts.drawn)
    chosen = _with_settings(chosen, changed_settings)
    warnings = tuple(class_changing(chosen, drawn=facts.drawn))
    row = model_row(model or choose_model(facts).value)
    channels = 3 if facts.colour else 1
    network = create_model(row.name, num_classes=len(dataset.classes), in_channels=channels, seed=0)
    preprocessing = input_rule(row, network, asked=AskedInput(size=size), facts=facts).preprocessing
    reader = _Reader(dataset, preprocessing)
    training = dataset.indices("train")
    if chosen.needs_principal_colours:
        chosen = with_principal_colours(chosen, sample_pixels(dataset, preprocessing))
    if channels == 1 and (idle := [name for name in _ONLY_COLOUR if getattr(chosen, name).active]):
        watcher.note(f"{', '.join(idle)} changes nothing here: the pictures are grey")
    for warning in warnings:
        watcher.note(warning)
    indices = pick_pictures(dataset, training, count=pictures, seed=seed)
    originals = reader.images(indices)
    columns = []
    for epoch in range(draws):
        changed, changes = draw_epoch(reader, training, indices, originals, chosen, seed=seed, epoch=epoch)
        columns.append((_to_pixels(changed), changes))
    rows = tuple(
        SheetRow(
            dataset.pictures.key(int(index)),
            dataset.classes[int(dataset.labels[index])],
            tuple(changes[place] for _, changes in columns),
        )
        for place, index in enumerate(indices)
    )
    shown = _to_pixels(originals)
    tiles = [
        [
            Tile(shown[place], [row.label, row.key]),
            *(
                Tile(pixels[place], [change.text for change in changes[place]] or ["unchanged"])
                for pixels, changes in columns
            ),
        ]
        for place, row in enumerate(rows)
    ]
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
    picked = order[in_turn(dataset.labels[order], count)]
    return picked[np.argsort(dataset.labels[picked], kind="stable")]


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
                    share, label = float(weights[place]), reader.dataset.classes[int(reader.dataset.labels[row])]
                    changes[place].append(Change(kind, f"{kind}: {1 - share:.0%} {label}", (share,)))
    return changed, [tuple(row) for row in changes]


def _to_pixels(images: torch.Tensor) -> npt.NDArray[np.uint8]:
    pixels: npt.NDArray[np.uint8] = (images * 255).round_().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return pixels
