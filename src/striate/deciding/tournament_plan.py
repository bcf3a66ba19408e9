"""The plan of a tournament: which candidates, in which order, for how many epochs; by multiply-adds, never by a clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from striate.deciding.candidate import FROM_SCRATCH, HEAD, STAGES, Candidate
from striate.deciding.candidates import EARLIER, ROWS, SEVERAL, Proposal, Situation, made_even
from striate.deciding.transfer_choice import STAGE_DRAWS, parse_transfer
from striate.initialization import drafting
from striate.inspection.inspection import Inspection, inspect_network
from striate.models import create_model, model_row
from striate.table_reading import read_dataclass
from striate.training import choose_recipe, read_settings
from striate.training.defaults import ENLARGED, LEAST_SIDE
from striate.training.machine_rate import PASSES, MachineRate
from striate.training.recipe import ResizingConfig
from striate.training.resizing import cost_ahead
from striate.weights.input_rule import input_side
from striate.wording import duration

RELATIVE_RATE: Mapping[str, float] = {
    "lenet5": 0.17,
    "mobilenet_v2": 0.41,
    "efficientnet_b0": 0.35,
    "resnet18": 1.35,
    "resnet9_x0_25": 1.1,
    "resnet9_x0_5": 1.7,
    "airbench94": 1.9,
}
"""How fast a network trains beside the narrow one that the machine is measured with, in multiply-adds; others 0.9. Two cores of an AMD EPYC
with AVX-512, batches of 16 to 128, processor time."""

PASS_RATE = 2.5
"""How many times as fast as training a pass of the compiled engine is, which measures and which frozen parts take: on the same machine
59 thousand million multiply-adds a second of MobileNetV2 at 96 px, which trains at 20 to 30."""

WIDE = ("resnet9_x0_25", "resnet9_x0_5", "resnet9", "airbench94", "airbench95", "airbench96")
WIDE_FROM = 48
"""Networks that train as fast as the wider one that the machine is measured with, from pictures of this side on."""

OVERHEAD = 6.0
"""Seconds that a candidate takes besides: building, sealing and measuring."""

FIRST_SECONDS = 22.0
"""That the first classifier may learn for, where it has epochs to choose."""

FIRST_SHARE = 0.25
"""Of all the time, that it may learn for at most where others come after it."""

LONGER = 2.5
"""Times the epochs that a candidate from scratch wants, that it may learn for where time is left over."""

COMPANY = 0.15
"""Others that together are expected to take away a smaller share of the mistakes are left out, where the first could use their time."""

SMALLEST_SIDE = 32
"""Of the pictures of a first classifier for which there is little time."""

LONGEST = 540.0
"""Seconds that all is planned to take for a few thousand photographs."""

SHORTEST = 30.0
FULL_MEASURE = 8e6
"""Pixels of all training pictures, of at most `MOST_PIXELS` each, for which that time is meant; fewer get less, as their root."""
MOST_PIXELS = 64 * 64
MANY = 4000
"""With more training pictures than this, the time grows as they do."""


@dataclass(frozen=True)
class LeftOut:
    """A candidate for which there is no time, and what is said of it."""

    candidate: Candidate
    why: str


@dataclass(frozen=True)
class TournamentPlan:
    """What is tried, in this order."""

    candidates: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    seconds: float
    """That all is expected to take, idle."""


def planned_time(situation: Situation) -> float:
    """Seconds that a tournament may take where nobody says how many.

    Example:
        >>> from striate.data.facts import DataFacts
        >>> sets = {"digits": (1438, 8), "thumbnails": (4000, 32), "photographs": (1650, 100), "many": (45_000, 32)}
        >>> {name: round(planned_time(Situation(DataFacts(count, 10, side, True), 200, {}))) for name, (count, side) in sets.items()}
        {'digits': 58, 'thumbnails': 386, 'photographs': 496, 'many': 6075}
    """
    facts = situation.facts
    pixels = facts.training_pictures * min(facts.short_side**2, MOST_PIXELS)
    seconds = LONGEST * min(1.0, math.sqrt(pixels / FULL_MEASURE))
    return max(SHORTEST, seconds * max(1.0, facts.training_pictures / MANY))


def plan_tournament(
    situation: Situation, *, rate: MachineRate, seconds: float, rows: Sequence[Proposal] | None = None
) -> TournamentPlan:
    """The candidates that suit the data and fit the time.

    Args:
        situation: What is known.
        rate: How fast the machine trains.
        seconds: That all may take; the first candidate is tried whatever it takes.
        rows: What may be tried; None: `ROWS`.
    """
    suitable = [row for row in (ROWS if rows is None else rows) if row.suits(situation)]
    first = next(row for row in suitable if row.first)
    rivals = [rival for row in suitable for rival in made_even(row, situation, first=row is first)]
    wishes = [_Wish(row, _candidate(row, situation, rate, epochs=_epochs(row, situation))) for row in rivals]
    wishes.sort(key=lambda wish: -wish.candidate.gain / wish.candidate.seconds)

    def fitted(wish: _Wish, room: float) -> Candidate | None:
        return _fitted(wish, situation, rate, room)

    learning = seconds - OVERHEAD
    soon = _first(first, situation, rate, min(FIRST_SECONDS, FIRST_SHARE * seconds, learning))
    others = max(
        (_fill(wishes, seconds - soon.seconds, fitted, kept=kept) for kept in (None, *range(len(wishes)))),
        key=lambda taken: _promise(taken, wishes),
    )
    if short := len(others) < len(wishes) and _promise(others, wishes) < COMPANY:
        others = {}
    if not others:  # the first has all the time, where others want more than there is
        soon = _first(first, situation, rate, learning if short else min(FIRST_SECONDS, learning))
    others = _lengthened(others, wishes, situation, rate, seconds - soon.seconds)
    left_out = tuple(
        LeftOut(
            wish.candidate,
            f"it would take about {duration(wish.candidate.seconds)}; a longer --time-limit has room for it",
        )
        for place, wish in enumerate(wishes)
        if place not in others
    )
    taken = (soon, *others.values())
    return TournamentPlan(taken, left_out, sum(candidate.seconds for candidate in taken))


@dataclass(frozen=True)
class _Wish:
    """What would be tried if there were time enough."""

    row: Proposal
    candidate: Candidate


def _fill(
    wishes: Sequence[_Wish],
    seconds: float,
    fitted: Callable[[_Wish, float], Candidate | None],
    *,
    kept: int | None,
) -> dict[int, Candidate]:
    """What fits, by the place of the wish.

    Args:
        wishes: What promises more for its cost first.
        seconds: That all may take.
        fitted: What comes of a wish in so many seconds.
        kept: The place of the wish that comes before all others, whatever it costs; None: each takes what those before it have left.
    """
    taken = {}
    order = range(len(wishes)) if kept is None else (kept, *(place for place in range(len(wishes)) if place != kept))
    for place in order:
        if (candidate := fitted(wishes[place], seconds)) is not None:
            taken[place] = candidate
            seconds -= candidate.seconds
    return dict(sorted(taken.items()))


def _lengthened(
    taken: dict[int, Candidate], wishes: Sequence[_Wish], situation: Situation, rate: MachineRate, seconds: float
) -> dict[int, Candidate]:
    """The same, with time that is left over given to the most promising that learns from scratch: it goes on getting better for long."""
    left = seconds - sum(candidate.seconds for candidate in taken.values())
    growing = [place for place in taken if wishes[place].row.looks]
    if not growing:
        return taken
    place = max(growing, key=lambda place: taken[place].gain)
    row, candidate = wishes[place].row, taken[place]
    most = min(row.most_epochs, round(LONGER * _epochs(row, situation)))
    fits = int(candidate.epochs * (1.0 + left / (candidate.seconds - OVERHEAD)))
    if min(most, fits) <= candidate.epochs:
        return taken
    return {**taken, place: _candidate(row, situation, rate, epochs=min(most, fits))}


def _promise(taken: Mapping[int, Candidate], wishes: Sequence[_Wish]) -> float:
    """Which share of the mistakes several candidates are expected to take away together, in 0..1.

    Each takes its own share of those that the others leave; one with fewer epochs than it wants takes less, as the root of their number.
    """
    left = 1.0
    for place, candidate in taken.items():
        wanted = wishes[place].candidate
        share = 1.0 if candidate is wanted else candidate.multiply_adds / wanted.multiply_adds
        left *= 1.0 - candidate.gain * math.sqrt(share)
    return 1.0 - left


def _first(row: Proposal, situation: Situation, rate: MachineRate, seconds: float) -> Candidate:
    """The first candidate, with as many epochs as it can learn in the time, of smaller pictures where that is too few."""
    wanted = candidate = _candidate(row, situation, rate, epochs=_epochs(row, situation))
    if not row.looks or candidate.seconds <= seconds + OVERHEAD:
        return candidate
    for side in (0, SMALLEST_SIDE):
        if side and (situation.side or wanted.size <= side):
            break
        candidate = _candidate(row, situation, rate, epochs=wanted.epochs, side=side)
        fits = int(candidate.epochs * seconds / (candidate.seconds - OVERHEAD))
        candidate = _candidate(row, situation, rate, epochs=min(wanted.epochs, max(1, fits)), side=side)
        if fits >= row.fewest_epochs:
            break
    return candidate


def _fitted(wish: _Wish, situation: Situation, rate: MachineRate, seconds: float) -> Candidate | None:
    """The candidate, with fewer epochs if it takes too long; None where too few are left."""
    candidate, wanted = wish.candidate, _epochs(wish.row, situation)
    if candidate.seconds <= seconds:
        return candidate
    epochs = int(wanted * (seconds - OVERHEAD) / (candidate.seconds - OVERHEAD))
    for fewer in range(
        epochs, wish.row.fewest_epochs - 1, -1
    ):  # what comes before the epochs does not shrink with their number
        if (candidate := _candidate(wish.row, situation, rate, epochs=fewer)).seconds <= seconds:
            return candidate
    return None


def _epochs(row: Proposal, situation: Situation) -> int:
    """As many as make the row's looks, or as the recipe has; none where the head alone is fitted."""
    if row.kind == HEAD:
        return 0
    if row.looks:
        return min(row.most_epochs, max(row.fewest_epochs, round(row.looks / situation.facts.training_pictures)))
    model = row.model or situation.first_row
    table, _ = choose_recipe(situation.facts, model_row(model), pretrained=row.kind != FROM_SCRATCH)
    return int(table["schedule"]["epochs"])


def _candidate(row: Proposal, situation: Situation, rate: MachineRate, *, epochs: int, side: int = 0) -> Candidate:
    model = row.model or situation.first_row
    pretrained = row.kind != FROM_SCRATCH
    side = side or situation.side or (row.side(situation.facts) if row.side is not None else 0)
    shown = side or suitable_side(model, situation, pretrained=pretrained)
    stages = {"earlier": EARLIER.get(model, ""), "several": SEVERAL.get(model, "")}
    passed, learnt = _work(row, inspection_of(model, 3 if situation.facts.colour else 1, shown), situation, epochs)
    wide = model in WIDE and shown >= WIDE_FROM
    own = rate.photographs if wide else rate.thumbnails
    learning = own.best * (1.0 if wide else RELATIVE_RATE.get(model, 0.9))
    return Candidate(
        name=row.name.format(model=model, side=shown, **stages),
        kind=row.kind,
        why=row.why,
        model=model,
        weights=situation.weights[model] if pretrained else "",
        transfer=row.transfer.format(**stages),
        size=side,
        epochs=epochs if row.looks or epochs != _epochs(row, situation) else 0,
        balance=row.balance,
        settings=row.settings,
        precision=own.precision,
        multiply_adds=float(passed + learnt),
        seconds=(passed / PASS_RATE + learnt) / learning + OVERHEAD,
        gain=row.gain * (row.beside_weights if situation.weights and not pretrained else 1.0),
    )


def suitable_side(model: str, situation: Situation, *, pretrained: bool) -> int:
    """The side of the input that a network's candidates have where nobody says one, as `Deciding.choose_input` decides it."""
    with drafting():
        network = create_model(model)
    row = model_row(model)
    if network.fixed_size:
        return row.input_size[0]
    if pretrained:
        return input_side(situation.facts, row, network, enlarged=ENLARGED, least=LEAST_SIDE)
    return input_side(situation.facts, row, network)


@lru_cache(maxsize=64)
def inspection_of(model: str, channels: int, side: int) -> Inspection:
    """What a network of the catalogue is for pictures of this side, without values."""
    channels = max(channels, model_row(model).in_channels)
    with drafting():
        network = create_model(model, in_channels=channels)
    return inspect_network(network, (channels, side, side))


def _work(row: Proposal, inspection: Inspection, situation: Situation, epochs: int) -> tuple[float, float]:
    """Multiply-adds of passing frozen parts and of measuring, and of learning."""
    answer, training, validation = inspection.macs, situation.facts.training_pictures, situation.validation
    measured = 2 * answer * validation
    if row.kind == HEAD:  # the pass for the head on the last vector shows what the others take
        return measured + (answer * training if row.transfer == HEAD and not row.balance else 0), 0.0
    learnt = 1.0
    before = answer * training if row.transfer else 0
    if row.kind == STAGES:
        stages = inspection.stages[-parse_transfer(row.transfer).trainable_stages :]
        learnt = sum(stage.macs_share for stage in stages)
        before = answer * (training * STAGE_DRAWS + validation)
    growing = read_dataclass(ResizingConfig, read_settings(row.settings).get("resizing", {}), "resizing.")
    steps = PASSES * training * cost_ahead(growing, progress=0.0)
    return before + measured, learnt * answer * (steps + validation) * epochs
