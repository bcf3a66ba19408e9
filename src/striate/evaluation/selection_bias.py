"""By how much choosing the best of several flatters it: the winner's curse.

Of classifiers that are equally good one is best on the validation pictures by chance, and the more there are to choose from, the more. Its
accuracy there is therefore too high in the mean; that on pictures which nothing was chosen by is not. The less alike the classifiers'
mistakes, and the more alike their accuracies, the more it flatters; what is given here is the bound, where they are equally good and make
their mistakes independently of one another. The tests measure it by simulation.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from striate.errors import UsageError

_STEPS = 2000
_REACH = 8.0  # standard deviations; beyond them the normal distribution has nothing that matters


def most_flattery(right: int, pictures: int, classifiers: int) -> float:
    """How much too high the accuracy of the best of several is at most, in the mean, on the pictures that it was chosen by.

    Args:
        right: Pictures that the chosen one has right, in [0, pictures].
        pictures: How many there are, at least 1.
        classifiers: Among how many it was chosen, at least 1.

    Returns:
        A share in [0, 1]; 0 where there was nothing to choose from.

    Raises:
        UsageError: If a count is out of its range.

    Example:
        >>> f"{most_flattery(190, 200, classifiers=6):.3f}"
        '0.021'
    """
    if pictures < 1 or classifiers < 1 or not 0 <= right <= pictures:
        raise UsageError(
            "a choice needs 1 picture, 1 classifier and 0 to all pictures right at least; "
            f"got {right} of {pictures} by {classifiers}"
        )
    # Two successes and two failures more, as in Agresti and Coull 1998: without them, who makes no mistake would vary by nothing.
    share = (right + 2) / (pictures + 4)
    deviation = math.sqrt(share * (1 - share) / pictures)
    return min(1.0, deviation * expected_greatest(classifiers))


def expected_greatest(count: int) -> float:
    """The expectation of the greatest of so many independent standard normal variables.

    Example:
        >>> f"{expected_greatest(2):.4f} {expected_greatest(5):.4f}"
        '0.5642 1.1630'
    """
    normal = NormalDist()
    step = 2 * _REACH / _STEPS
    # The integral of what is above the greatest on the positive side, less what is below it on the negative side.
    places = [(number + 0.5) * step for number in range(_STEPS // 2)]
    return sum((1 - normal.cdf(at) ** count - normal.cdf(-at) ** count) * step for at in places)
