"""What templates print is escaped, can be printed, and is there."""

import jinja2
import pytest

from striate.report.environment import environment


def test_names_are_escaped_and_can_be_printed():
    text = environment().from_string("{{ name }} {{ share|percent }}").render(name="<b>\ud800", share=0.5)
    assert text == "&lt;b&gt;\\ud800 50.0\u202f%"


def test_a_name_that_is_not_given_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="'name' is undefined"):
        environment().from_string("{{ name }}").render()
