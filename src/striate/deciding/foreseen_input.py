"""How pictures will probably become a network's input, foreseen before they are read, so that each is decoded once."""

from __future__ import annotations

from striate.data import Dataset
from striate.data.facts import glance
from striate.data.preparing_ahead import PreparingAhead
from striate.initialization import drafting
from striate.models import create_model, model_row
from striate.training import choose_model
from striate.weights import StartingWeights
from striate.weights.input_rule import AskedInput, input_rule


def prepare_ahead(
    data: Dataset, model: str | None, starting: StartingWeights | None, *, size: int | None
) -> PreparingAhead | None:
    """What prepares pictures while they are checked; None where nothing can be foreseen.

    Args:
        data: Not read yet: the headers of some of its pictures are.
        model: The network's row; None: as is chosen for such pictures.
        starting: The weights that training starts from; None: new ones.
        size: Side of the input in pixels that was asked for, if one was.
    """
    facts = None if data.facts is not None else glance(data)
    if facts is None:
        return None
    row = model_row(choose_model(facts).value if model is None else model)
    channels = 3 if facts.colour else 1
    with drafting():
        network = create_model(row.name, in_channels=channels if starting is None else max(channels, row.in_channels))
    return PreparingAhead(input_rule(row, network, starting, AskedInput(size), facts=facts).preprocessing)
