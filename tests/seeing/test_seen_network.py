"""The class that a map is asked for, by its name or number."""

import dataclasses
import unicodedata

import pytest

from striate.errors import UnknownNameError, UsageError
from striate.seeing.seen_network import seen_network


def test_a_class_is_found_in_either_unicode_form():
    composed, decomposed = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    seen = dataclasses.replace(seen_network("lenet5"), classes=(decomposed, "개", *"23456789"))
    assert [seen.class_index(target) for target in (composed, decomposed, "개", "2", 3, None)] == [0, 0, 1, 2, 3, None]
    with pytest.raises(UnknownNameError, match="unknown class '게'"):
        seen.class_index("게")
    with pytest.raises(UsageError, match=r"has 10 classes, 0 to 9; got 10"):
        seen.class_index(10)
