from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from striate.errors import UnknownNameError, UsageError
from striate.table_reading import read_dataclass


@dataclass(frozen=True)
class Inner:
    weights: tuple[float, ...] = ()
    rows: tuple[tuple[int, ...], ...] = ()
    kind: ClassVar[str] = "inner"


@dataclass(frozen=True)
class Outer:
    name: str = ""
    inner: Inner = field(default_factory=Inner)


def test_tables_and_lists_become_dataclasses_and_tuples():
    table = {"name": "a", "inner": {"weights": [1, 2.5], "rows": [[1, 2], [3]]}}
    assert read_dataclass(Outer, table) == Outer("a", Inner((1.0, 2.5), ((1, 2), (3,))))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"inner": 3}, "inner must be a table, got 3"),
        ({"inner": {"weights": 3}}, "inner.weights must be a list, got 3"),
        ({"inner": {"weights": [1, "b"]}}, "inner.weights[1] must be a number, got 'b'"),
        ({"inner": {"rows": [[1.5]]}}, "inner.rows[0][0] must be a whole number, got 1.5"),
    ],
)
def test_wrong_values(table, message):
    with pytest.raises(UsageError) as caught:
        read_dataclass(Outer, table)
    assert str(caught.value) == message


def test_what_belongs_to_the_class_is_no_key():
    with pytest.raises(UnknownNameError, match=r"unknown policy key 'inner\.kind'"):
        read_dataclass(Outer, {"inner": {"kind": "x"}}, what="policy")


@dataclass(frozen=True)
class Perhaps:
    inner: Inner | None = None


def test_a_table_that_may_be_missing():
    assert read_dataclass(Perhaps, {"inner": None}) == Perhaps(None)
    assert read_dataclass(Perhaps, {"inner": {"weights": [1]}}) == Perhaps(Inner((1.0,)))
    with pytest.raises(UsageError, match=r"inner\.weights must be a list, got 3"):
        read_dataclass(Perhaps, {"inner": {"weights": 3}})
