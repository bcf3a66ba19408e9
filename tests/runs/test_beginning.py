import dataclasses

import pytest

from striate.deciding.candidate import Candidate
from striate.deciding.tournament_plan import TournamentPlan
from striate.runs.beginning import Prepared
from striate.runs.tournament_record import TournamentRecord

ASKED = dict.fromkeys(("weights", "root", "augment", "balance", "size", "device", "mean", "std")) | {
    "seed": 0,
    "tensorboard": False,
}
FIRST = Candidate(name="a first look", kind="scratch", why="it is small", model="resnet9_x0_25", size=32, epochs=1)


@pytest.mark.parametrize(("limit", "company", "epochs"), [(45.0, 0, None), (45.0, 1, 1), (None, 0, 1)])
def test_a_first_candidate_without_company_learns_as_long_as_the_limit_lets_it(limit, company, epochs):
    record = TournamentRecord(
        begun="", planned_seconds=9, limit_seconds=limit, multiply_adds_per_second=1e9, threads=2, asked=ASKED
    )
    prepared = Prepared.__new__(Prepared)
    candidates = (FIRST, *[dataclasses.replace(FIRST, name="more")] * company)
    fields = {"dataset": None, "plan": TournamentPlan(candidates, (), 9.0), "record": record}
    for name, value in fields.items():
        object.__setattr__(prepared, name, value)
    request = prepared.first
    assert (request.epochs, request.size, request.time_limit) == (epochs, 32, limit)
