"""`striate.reproduce`: a claim of the texts or of a paper put to the test, with a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.errors import UsageError
from striate.reproductions.carrying_out import carry_out
from striate.reproductions.experiment import Experiment, Form, list_experiments, named_experiment
from striate.reproductions.methods import check_experiment
from striate.reproductions.reproduction import Reproduction
from striate.text_layout import table
from striate.watching import Watcher
from striate.wording import duration

MOST_SEEDS = 1000


@dataclass(frozen=True)
class ExperimentList:
    """All experiments that come with the package."""

    experiments: tuple[Experiment, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON types."""
        rows = [
            {
                "name": experiment.name,
                "claim": experiment.claim,
                "claims": list(experiment.claims),
                "source": experiment.source,
                "data": sorted({arm.data or experiment.data for arm in experiment.arms.values()} - {""}),
                "arms": list(experiment.arms),
                "quick": vars(experiment.quick),
                "whole": vars(experiment.whole),
            }
            for experiment in self.experiments
        ]
        return {"experiments": rows}

    def _rows(self) -> list[list[str]]:
        return [
            [row.name, row.claim, row.source, duration(60 * row.quick.minutes), duration(60 * row.whole.minutes)]
            for row in self.experiments
        ]

    def to_text(self, *, width: int | None = None) -> str:
        """A row an experiment."""
        return "\n".join(table(_HEADS, self._rows(), left=("claim", "source"), width=width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block("Experiments", notebook.table(_HEADS, self._rows()))


_HEADS = ("experiment", "claim", "source", "quick", "whole")


def list_reproductions() -> ExperimentList:
    """All experiments: their claims, sources, and the processor time that they take.

    Example:
        >>> found = list_reproductions()
        >>> "googlenet-against-alexnet" in [experiment.name for experiment in found.experiments]
        True
    """
    return ExperimentList(tuple(named_experiment(name) for name in list_experiments()))


def reproduce(
    name: str,
    *,
    seeds: int | None = None,
    quick: bool = False,
    data: str | Path | None = None,
    output: str | Path | None = None,
    device: str = "auto",
    watcher: Watcher | None = None,
) -> Reproduction:
    """Puts a claim to the test: every arm of its experiment with every seed, and what follows.

    The claim holds where the 95 % interval of what was estimated lies in the range that the experiment states, does not hold where none
    of it does, and else is not distinguishable. Results are kept in the folder as they come: the same call goes on where it was
    ended, and with more seeds measures the new ones alone.

    Args:
        name: One of `list_reproductions()`, or the path of a `.toml` file of one's own.
        seeds: How many, from 0; by default as many as the experiment's form has.
        quick: The small form, for a processor and minutes.
        data: The folder that holds local copies of data sets, such as `mnist` and `imagenette`.
        output: The folder; by default `runs/reproduce-NAME`, with `-quick` behind it for the small form.
        device: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:1"`.
        watcher: Hears how it goes.

    Raises:
        UnknownNameError: There is no such experiment.
        UsageError: Something that was asked for makes no sense.
        DataError: There is no local copy of the data.
        Interrupted: A signal ended it; what was measured is kept.
    """
    form: Form = "quick" if quick else "whole"
    experiment = named_experiment(name)
    method = check_experiment(experiment)
    count = experiment.scale(form).seeds if seeds is None else seeds
    if not 1 <= count <= MOST_SEEDS:
        raise UsageError(f"--seeds must be in 1..{MOST_SEEDS}, got {count}")
    folder = Path(data).expanduser() if data is not None else None
    if folder is not None and not folder.is_dir():
        raise UsageError(f"--data needs the folder that holds local copies of data sets, and {str(folder)!r} is none")
    place = (
        Path(output) if output is not None else Path("runs") / f"reproduce-{experiment.name}{'-quick' if quick else ''}"
    )
    if place.exists() and not place.is_dir():
        raise UsageError(f"--output needs a folder, and {str(place)!r} is a file")
    return carry_out(
        experiment,
        method,
        form,
        seeds=count,
        folder=place,
        data=folder,
        device=device,
        watcher=watcher or Watcher(),
    )
