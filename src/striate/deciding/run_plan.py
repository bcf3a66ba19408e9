"""All that a run was asked and decided, as its `recipe.toml` has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from striate.encodings import DEFAULT_KIND, Encoding, named_encoding
from striate.errors import UsageError
from striate.pixels import Preprocessing
from striate.printable_text import printable
from striate.row_writing import path_from_text, path_text
from striate.table_reading import read_dataclass
from striate.training import Decision, Recipe, read_recipe_table

MOST_WORDS_SHOWN = 20
"""Of a vocabulary, in a report."""

PATHS = ("data", "root", "weights", "vectors")
"""The settings that lead to files: they come back byte by byte."""


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What a run was started with, and what was decided by the clock, besides the recipe."""

    data: str
    """The data's place: an absolute path, or a built-in name."""
    root: str = ""
    """Where a built-in set's local copy is; empty if it needs none."""
    data_name: str
    device: str = "cpu"
    weights: str = ""
    """The file that training started from, or `imagenet` for the network's published weights; empty for random ones."""
    weights_sha256: str = ""
    total_steps: int
    """Steps that were planned."""
    created: str
    """Local time, ISO 8601."""
    tensorboard: bool = False
    abstain: str = ""
    """What the sealed classifier shall promise, as `--abstain` takes it; empty where nothing is asked for."""
    kind: str = DEFAULT_KIND
    """What is given: a name of `striate.encodings`."""
    vectors: str = ""
    """The file of words' vectors that training started from; empty for drawn ones."""
    vectors_sha256: str = ""
    threads: int = 0
    """torch's, which decide in which order it sums, and so the last bits; 0 where an earlier version did not write them down."""


@dataclass(frozen=True)
class RunPlan:
    """All that a run needs, as its `recipe.toml` has it; a resume reads it and decides nothing anew."""

    settings: RunSettings
    recipe: Recipe
    preprocessing: Encoding
    classes: tuple[str, ...]
    decisions: tuple[Decision, ...] = field(default_factory=tuple)
    notes: tuple[str, ...] = ()
    """What the user was told when the run was decided, a sentence each."""

    @property
    def picture_preprocessing(self) -> Preprocessing:
        """The preprocessing, where pictures are given.

        Raises:
            UsageError: If something else is.
        """
        if not isinstance(self.preprocessing, Preprocessing):
            plural = named_encoding(self.settings.kind).plural
            raise UsageError(f"the run is on {plural}; what is asked for here is possible only of pictures")
        return self.preprocessing

    def to_toml(self, *, told: bool = True) -> str:
        """The text of `recipe.toml`: the recipe's own keys, then what belongs to this run alone.

        Args:
            told: With the decisions and notes, which a report tells in its own words.
        """
        preprocessing = {key: value for key, value in self.preprocessing.to_dict().items() if value is not None}
        if not told and "words" in preprocessing:
            words = preprocessing["words"]
            preprocessing["words"] = [
                *words[:MOST_WORDS_SHOWN],
                f"... and {max(0, len(words) - MOST_WORDS_SHOWN):,} more",
            ]
        table = {
            **self.recipe.to_dict(),
            "preprocessing": preprocessing,
            "run": {
                key: path_text(value) if key in PATHS else shown(value) for key, value in vars(self.settings).items()
            }
            | {"classes": list(self.classes)},
        }
        if told:
            table |= {
                "decisions": [
                    {key: shown(value) for key, value in vars(decision).items()} for decision in self.decisions
                ],
                "notes": list(map(shown, self.notes)),
            }
        return tomli_w.dumps(table)

    @classmethod
    def from_toml(cls, path: Path) -> RunPlan:
        """Reads a run's `recipe.toml`.

        Raises:
            UsageError: If it cannot be read or is not that of a run.
        """
        table = read_recipe_table(path)
        recipe = recipe_part(table)
        try:
            run = {key: path_from_text(value) if key in PATHS else value for key, value in table["run"].items()}
            classes = tuple(run.pop("classes"))
            preprocessing = dict(table["preprocessing"])
            decisions = tuple(Decision(**row) for row in table["decisions"])
            notes = tuple(map(str, table.get("notes", ())))
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path} is not the recipe of a run: {error} is missing") from error
        settings = read_dataclass(RunSettings, run, "run.")
        for key in ("crop", "resize_size") if settings.kind == DEFAULT_KIND else ():
            preprocessing.setdefault(key, None)
        return cls(
            settings,
            Recipe.from_dict(recipe),
            named_encoding(settings.kind).read(preprocessing),
            classes,
            decisions,
            notes,
        )


def shown(value: Any) -> Any:
    """A value that is only shown, without what UTF-8 cannot hold: names of files may be of any bytes."""
    return printable(value, lines=True) if isinstance(value, str) else value


def recipe_part(table: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a run's `recipe.toml` that is a recipe, so that `--recipe runs/a/recipe.toml` trains another one like it."""
    return {key: value for key, value in table.items() if key not in ("preprocessing", "run", "decisions", "notes")}
