"""The temperature of strings, where it is known, and where all are right."""

import numpy as np

from striate.tasks.ctc_decoding import log_probability
from striate.tasks.string_temperature import LOWEST, fit_string_temperature, log_softmax_at


def drawn(temperature, count=600, places=3):
    """Logits over a temperature at each place, and strings drawn from what they truly say."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (count, places, 3))
    chances = np.exp(log_softmax_at(logits, 1.0))
    paths = (generator.random((count, places, 1)) > np.cumsum(chances, axis=2)).sum(axis=2)
    strings = np.full((count, places), -1)
    for row, path in enumerate(paths):
        said = [one for one, before in zip(path, [0, *path], strict=False) if one not in (0, before)]
        strings[row, : len(said)] = np.array(said) - 1
    return logits * temperature, strings


def test_it_finds_the_one_that_strings_were_drawn_by():
    for temperature in (0.5, 1.0, 3.0):
        assert abs(fit_string_temperature(*drawn(temperature)) / temperature - 1) < 0.12


def test_where_all_are_right_it_does_not_fall_to_the_least():
    logits = np.tile([[6.0, 0.0], [0.0, 6.0]], (40, 1, 1))
    found = fit_string_temperature(logits, np.zeros((40, 1), int))
    assert LOWEST < found < 5


def test_strings_that_cannot_be_right_do_not_count():
    logits, strings = drawn(2.0)
    spoilt = strings.copy()
    spoilt[::2, 0] = -2
    assert fit_string_temperature(logits, spoilt) == fit_string_temperature(logits[1::2], strings[1::2])
    assert fit_string_temperature(logits, np.full_like(strings, -2)) == 1.0


def test_probabilities_are_of_all_paths():
    logits, _ = drawn(1.0, count=5)
    every = [np.array([[-1, -1, -1]])]
    every += [np.array([[a, -1, -1]]) for a in (0, 1)] + [np.array([[a, b, -1]]) for a in (0, 1) for b in (0, 1)]
    every += [np.array([[a, b, c]]) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    logarithms = log_softmax_at(logits, 1.0)
    total = sum(np.exp(log_probability(logarithms, np.repeat(one, 5, axis=0))) for one in every)
    np.testing.assert_allclose(total, 1, rtol=1e-12)
