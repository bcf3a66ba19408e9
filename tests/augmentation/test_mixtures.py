"""How the shares of Mixup and CutMix are drawn."""

import pytest

from striate.augmentation.draws import uniform
from striate.augmentation.mixtures import beta


@pytest.mark.parametrize("alpha", [0.1, 0.4, 1.0, 2.0])
def test_shares_follow_the_beta_distribution(alpha):
    from scipy import stats

    shares = beta(uniform(0, 0, range(4000), 512, stream="mixup"), alpha)
    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 1e-3
