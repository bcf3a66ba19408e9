"""A run decided from its request: every question, in the order in which each needs the answers of those before it."""

from __future__ import annotations

from collections.abc import Collection

from striate.deciding.decided import Decided
from striate.deciding.deciding import OF_THE_RECIPE, Deciding
from striate.deciding.judge import CallJudge, SampleJudge
from striate.deciding.training_request import TrainingRequest
from striate.watching import Watcher


def decide(
    request: TrainingRequest,
    *,
    watcher: Watcher,
    begun: float,
    unsaid: Collection[str] = (),
    call_judge: CallJudge = SampleJudge,
) -> Decided:
    """Reads the data and the weights, and decides everything that was not said.

    Args:
        request: What was said.
        watcher: Hears how it goes, and every decision.
        begun: `time.monotonic()` at which the time limit began.
        unsaid: Decisions that the caller does not carry out, such as `epochs`, and the watcher does not hear.
        call_judge: Who says what trained weights know of the pictures.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
        WeightsError: If the weights cannot be read or do not fit.
    """
    deciding = Deciding(request, watcher, begun=begun, call_judge=call_judge)
    deciding.check_request()
    deciding.read_weights()
    deciding.read_data()
    deciding.choose_network()
    deciding.choose_input()
    deciding.choose_augmentation()
    deciding.suit_weights()
    deciding.choose_transfer()
    deciding.choose_precision()
    deciding.choose_batch_size()
    deciding.fit_time()
    return deciding.plan(unsaid)


def decide_input(deciding: Deciding) -> None:
    """Reads the weights and the data, and decides what has to be known to show the data to trained weights, of which nothing learns.

    The watcher hears what was decided, but for what is of a recipe.

    Args:
        deciding: Whose request has been checked.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
        WeightsError: If the weights cannot be read or do not fit.
    """
    deciding.read_weights()
    deciding.read_data()
    deciding.choose_network()
    deciding.choose_input()
    deciding.suit_weights()
    for decision in deciding.decisions:
        if decision.what not in OF_THE_RECIPE:
            deciding.watcher.decision(decision)
