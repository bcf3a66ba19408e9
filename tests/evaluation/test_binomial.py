"""The binomial distribution against scipy's."""

import numpy as np
import pytest
from scipy.stats import beta, binom

from striate.errors import UsageError
from striate.evaluation.binomial import at_most, largest_share


@pytest.mark.parametrize("count", [1, 2, 7, 50, 999, 20_000])
@pytest.mark.parametrize("share", [1e-6, 0.01, 0.3, 0.5, 0.95, 1 - 1e-6])
def test_at_most_is_scipys(count, share):
    for successes in np.unique(np.linspace(-1, count + 1, 9).round().astype(int)):
        expected = binom.cdf(successes, count, share)
        assert at_most(int(successes), count, share) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("successes", "count"), [(0, 1), (0, 299), (3, 50), (49, 50), (700, 1_000)])
@pytest.mark.parametrize("significance", [0.05, 0.01, 0.5])
def test_the_upper_bound_is_clopper_and_pearsons(successes, count, significance):
    expected = beta.ppf(1 - significance, successes + 1, count - successes)
    assert largest_share(successes, count, significance=significance) == pytest.approx(expected, rel=1e-9)


def test_shares_that_are_sure():
    assert (at_most(0, 5, 0.0), at_most(4, 5, 1.0), at_most(5, 5, 1.0), largest_share(5, 5)) == (1.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(("count", "share"), [(0, 0.5), (5, 1.2), (5, -0.1)])
def test_what_is_no_share_is_refused(count, share):
    with pytest.raises(UsageError, match=f"a picture at least and a share in 0..1; got {count} and {share}"):
        at_most(0, count, share)
