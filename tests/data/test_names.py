from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.data.names import Names

texts = st.lists(st.text(st.characters(exclude_categories=()), max_size=6), max_size=8)


@given(texts)
def test_strings_come_back(strings: list[str]) -> None:
    names = Names.from_strings(strings)
    assert len(names) == len(strings)
    assert list(names) == strings


@given(texts, texts)
def test_concatenate_appends(first: list[str], second: list[str]) -> None:
    assert list(Names.concatenate([Names.from_strings(first), Names.from_strings(second)])) == first + second


@given(texts.filter(bool), st.data())
def test_select_takes_any_order_with_repeats(strings: list[str], data: st.DataObject) -> None:
    indices = data.draw(st.lists(st.integers(0, len(strings) - 1), max_size=9))
    chosen = Names.from_strings(strings).select(np.array(indices, dtype=np.int64))
    assert list(chosen) == [strings[index] for index in indices]


def test_of_nothing() -> None:
    assert len(Names.concatenate([])) == 0
    assert list(Names.from_strings([]).select(np.zeros(0, dtype=np.int64))) == []


def test_out_of_range() -> None:
    names = Names.from_strings(["a"])
    for index in (1, -1):
        with pytest.raises(IndexError, match=f"name {index} of 1"):
            names[index]


def test_no_python_object_per_name() -> None:
    names = Names.from_strings(f"{number}.jpg" for number in range(1000))
    assert names.buffer.nbytes == sum(len(f"{number}.jpg") for number in range(1000))
    assert names.offsets.nbytes == 8 * 1001
