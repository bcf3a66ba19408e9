"""`striate.find_learning_rate`: a range test on a copy of the network that training would begin with."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from striate.data import Dataset, open_store
from striate.data.examples import SplitExamples
from striate.deciding.decide import decide
from striate.deciding.decided import Decided
from striate.deciding.training_request import TrainingRequest
from striate.durable_writing import check_writable, write_durably
from striate.errors import StriateError, UsageError
from striate.interruption import interruptible
from striate.report.rate_picture import draw_rates
from striate.text_layout import wrapped
from striate.training import Recipe, StoppedError
from striate.training.memory import keep_freed_memory
from striate.training.range_test import RateSuggestion, Sweep, check_sweep, range_test, smooth, suggest_rate
from striate.transfer import freeze
from striate.transfer.partial_training import PartialTraining, choose_inputs, fit_new_head
from striate.watching import Watcher

FORMATS = {".png": "png", ".svg": "svg", ".pdf": "pdf"}
NOT_SWEPT = ("epochs", "steps", "learning rate")
"""What is decided of a whole run: a sweep takes its own steps at its own rates."""

NO_RATE = (
    "this run takes no steps of gradient descent, so it has no learning rate: its head is fitted at once; "
    "to learn more than that, give --transfer full or stages:N"
)
FAR_BELOW = 20.0
"""A rate this many times below the suggestion is called low."""


@dataclass(frozen=True, eq=False)
class RateTest:
    """What a range test found."""

    model: str
    suggestion: float
    """The peak learning rate to try: the larger of `steepest` and a tenth of `minimum`."""
    steepest: float
    """Where the smoothed loss falls fastest over the logarithm of the rate."""
    minimum: float
    """Where the smoothed loss is lowest."""
    recipe_rate: float
    """What `striate.train` would take by itself."""
    judgement: str
    """`"too high"`, `"fine"` or `"low"`: what the test says of `recipe_rate`."""
    verdict: str
    """In words."""
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    diverged: bool
    """Whether the loss diverged before the highest rate."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        table = dict(vars(self))
        return table | {name: list(table[name]) for name in ("rates", "losses", "smoothed")}

    def to_text(self, *, width: int | None = None) -> str:
        """The suggestion and the verdict."""
        return "\n".join(wrapped(f"suggested  {self.suggestion:.2g}\n{self.verdict}", width))

    def draw(self, path: str | Path) -> None:
        """Writes the picture: .png, .svg or .pdf.

        Raises:
            UsageError: If the ending is another or there is no such folder.
            StriateError: If the disk is full.
        """
        path = Path(path)
        check_writable(path, endings=FORMATS)
        content = self._drawn(FORMATS[path.suffix.lower()])
        try:
            write_durably(path, content)
        except OSError as error:
            raise StriateError(f"cannot write {path}: {error.strerror or error}") from error

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(self.model, notebook.text(self.verdict), notebook.picture(self._drawn("png")))

    def _drawn(self, file_format: str) -> bytes:
        return draw_rates(
            f"{self.model}: loss as the learning rate rises",
            self.rates,
            self.losses,
            self.smoothed,
            suggestion=self.suggestion,
            steepest=self.steepest,
            minimum=self.minimum,
            recipe_rate=self.recipe_rate,
            file_format=file_format,
        )


def find_learning_rate(
    data: str | Path | Dataset,
    *,
    model: str | None = None,
    weights: str | Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    transfer: str | None = None,
    init: str | None = None,
    augment: str | Path | None = None,
    balance: str | None = None,
    epochs: int | None = None,
    batch_size: int | str | None = None,
    size: int | None = None,
    seed: int = 0,
    precision: str | None = None,
    device: str = "auto",
    time_limit: str | float | None = None,
    recipe: str | Path | None = None,
    settings: Sequence[str] = (),
    root: str | Path | None = None,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    watcher: Watcher | None = None,
) -> RateTest:
    """Lets the learning rate rise over a short run of what `striate.train` would do, and suggests one; writes nothing.

    The network, its weights, the pictures, their augmentation, the loss and the optimizer are those of `striate.train` with
    the same arguments. Two rates are read from the smoothed losses: where they fall fastest, and a tenth of where they are
    lowest, which is the last rate before learning breaks down. The larger is suggested, as the peak of a run.

    Args:
        data: As for `striate.train`, and so are the arguments down to `root`.
        model: See `striate.train`.
        weights: See `striate.train`.
        mean: See `striate.train`.
        std: See `striate.train`.
        transfer: See `striate.train`.
        init: See `striate.train`.
        augment: See `striate.train`.
        balance: See `striate.train`.
        epochs: See `striate.train`: with weights, what learns may depend on it. The sweep takes its own steps.
        batch_size: See `striate.train`.
        size: See `striate.train`.
        seed: See `striate.train`.
        precision: See `striate.train`.
        device: See `striate.train`.
        time_limit: See `striate.train`: what learns and the input size may depend on it. The sweep itself takes its own time.
        recipe: See `striate.train`.
        settings: See `striate.train`.
        root: See `striate.train`.
        lowest: The first step's rate.
        highest: The last step's rate, if the loss does not diverge before.
        steps: How many steps.
        watcher: Hears how it goes.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
        WeightsError: If the weights cannot be read or do not fit.
        TrainingError: If nothing can be read from the sweep.
        Interrupted: If a signal ended it.

    Example:
        >>> import striate
        >>> found = striate.find_learning_rate("digits", model="lenet5_dense", steps=60)  # doctest: +SKIP
        >>> f"{found.suggestion:.1g}", found.judgement  # doctest: +SKIP
        ('0.005', 'fine')

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3.
    """
    watcher = watcher or Watcher()
    check_sweep(lowest=lowest, highest=highest, steps=steps)  # before the pictures are read
    if transfer == "head":
        raise UsageError(NO_RATE)
    request = TrainingRequest(
        data=data,
        model=model,
        weights=weights,
        mean=mean,
        std=std,
        transfer=transfer,
        init=init,
        augment=augment,
        balance=balance,
        epochs=epochs,
        batch_size=batch_size,
        size=size,
        seed=seed,
        precision=precision,
        device=device,
        time_limit=time_limit,
        recipe=recipe,
        settings=settings,
        root=root,
    )
    decided = decide(request, watcher=watcher, begun=time.monotonic(), unsaid=NOT_SWEPT)
    sweep = sweep_rates(decided, lowest=lowest, highest=highest, steps=steps, watcher=watcher)
    return rate_test(decided.plan.recipe, sweep)


def rate_test(recipe: Recipe, sweep: Sweep) -> RateTest:
    """What a sweep says of a recipe."""
    found = suggest_rate(sweep)
    recipe_rate = recipe.optimizer.learning_rate
    judgement = judge_rate(recipe_rate, found)
    return RateTest(
        model=recipe.model,
        suggestion=found.suggestion,
        steepest=found.steepest,
        minimum=found.minimum,
        recipe_rate=recipe_rate,
        judgement=judgement,
        verdict=describe_rate(recipe_rate, judgement, found, sweep),
        rates=tuple(sweep.rates.tolist()),
        losses=tuple(sweep.losses.tolist()),
        smoothed=tuple(smooth(sweep.losses).tolist()),
        diverged=sweep.diverged,
    )


def sweep_rates(decided: Decided, *, lowest: float, highest: float, steps: int, watcher: Watcher) -> Sweep:
    """The range test of a run that was decided, its head fitted first where training would do so."""
    plan, network = decided.plan, decided.network
    if plan.settings.total_steps == 0:
        raise UsageError(NO_RATE)
    device = torch.device(plan.settings.device)
    keep_freed_memory()
    with interruptible() as signals:
        store = open_store(decided.dataset, plan.preprocessing, progress=watcher.task)
        training = SplitExamples.of(decided.dataset, store, plan.picture_preprocessing, "train")
        partial = PartialTraining.of(network, plan.recipe)
        nothing = dataclasses.replace(training, samples=training.samples[:0], labels=training.labels[:0])
        try:
            if plan.recipe.fit_head_first:
                fit_new_head(partial, training, device=device, watcher=watcher, stop=signals.stopped)
            learned, _, after = choose_inputs(
                partial, training, nothing, device=device, watcher=watcher, stop=signals.stopped
            )
            freeze(network, partial.plan)
            return range_test(
                network,
                plan.recipe,
                learned,
                device=device,
                rates=partial.plan.rates,
                set_mode=partial.set_mode,
                after=after,
                lowest=lowest,
                highest=highest,
                steps=steps,
                watch=lambda done, total: watcher.task("rates", done, total),
                stop=signals.stopped,
            )
        except StoppedError:
            raise signals.interrupted("interrupted; nothing was written") from None


def judge_rate(rate: float, found: RateSuggestion) -> str:
    """What the test says of a rate: `"too high"` from where the loss is lowest on, `"low"` far below the suggestion.

    Example:
        >>> found = RateSuggestion(suggestion=0.01, steepest=0.02, minimum=0.1)
        >>> [judge_rate(rate, found) for rate in (0.1, 0.05, 0.0001)]
        ['too high', 'fine', 'low']
    """
    if rate >= found.minimum:
        return "too high"
    return "low" if rate * FAR_BELOW < found.suggestion else "fine"


def describe_rate(rate: float, judgement: str, found: RateSuggestion, sweep: Sweep) -> str:
    """The suggestion, how it was found, and what it says of the recipe's own rate."""
    end = "diverges" if sweep.diverged else "stops falling"
    by_slope = found.suggestion == found.steepest
    how = (
        "where the smoothed loss falls fastest"
        if by_slope
        else "a tenth of the rate at which the smoothed loss is lowest"
    )
    other = "" if by_slope else f"it falls fastest at {found.steepest:.2g}, "
    said = f"Try {found.suggestion:.2g}: {how}; {other}{'it' if by_slope else 'and'} is lowest at {found.minimum:.2g}, before it {end}."
    why = {
        "too high": "too high: at that rate the loss does not fall any more",
        "fine": "fine: below the rate at which the loss stops falling, and not far below the suggestion",
        "low": "low: learning would take more steps than it must",
    }[judgement]
    return f"{said} The recipe's {rate:.2g} is {why}."
