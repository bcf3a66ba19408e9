"""What scores alone are worth: beside one answer for all, and class by class."""

import numpy as np
import pytest

from striate.evaluation import Finding, judge_scores, score


def scores_of(matrix):
    """Scores with this confusion matrix; a row is a true class."""
    matrix = np.array(matrix)
    classes = [f"c{i}" for i in range(len(matrix))]
    true, called = (np.repeat(axis.ravel(), matrix.ravel()) for axis in np.indices(matrix.shape))
    return score(np.eye(len(matrix))[called], true, classes)


def judge(matrix, **options):
    return judge_scores(scores_of(matrix), "test", remedy="train longer", **options)


def test_a_good_classifier_has_no_finding():
    assert judge([[95, 5], [4, 96]]) == ()
    assert judge([[890, 10], [8, 92]]) == ()


def test_one_answer_for_all_is_a_warning_with_both_numbers():
    (finding,) = judge([[50, 0], [50, 0]])
    assert finding == Finding(
        "50.0% right on the 100 pictures of test is not clearly better than one answer for all: always 'c0' is right on 50.0% "
        "(95 % interval of the accuracy 40.4% to 59.6%); train longer",
        "warning",
    )


@pytest.mark.parametrize(("right", "warned"), [(59, True), (60, False)])
def test_clearly_better_is_where_the_interval_lies_above_the_commonest_share(right, warned):
    half = right // 2
    low = scores_of([[right - half, 50 - right + half], [50 - half, half]]).accuracy_interval[0]
    assert (low <= 0.5) == warned  # 0.4921 and 0.5020
    assert bool(judge([[right - half, 50 - right + half], [50 - half, half]])) == warned


def test_too_few_pictures_to_tell_is_said():
    (finding,) = judge([[3, 1], [0, 3]])
    assert finding.severity == "warning" and "always 'c0' is right on 57.1%" in finding.text
    assert finding.text.endswith("; more pictures in test would tell; train longer")


def test_a_balanced_classifier_that_costs_accuracy_is_no_failure():
    (finding,) = judge([[860, 40], [4, 96]], balance="loss") or (None,)
    assert finding is None
    (finding,) = judge([[790, 110], [5, 95]], balance="loss")
    assert finding.severity == "note"
    assert finding.text.endswith(
        "it does tell the classes apart: balanced accuracy 91.4%, where one answer for all gives 50.0%"
    )


def test_pictures_of_one_class_alone_say_nothing_of_chance():
    assert judge([[9, 1], [0, 0]]) == ()


@pytest.mark.parametrize(
    ("balance", "advice"),
    [
        ("none", "train with --balance loss or --balance sampler, or add pictures of it"),
        ("sampler", "and --balance sampler did not make up for that: add pictures of it"),
    ],
)
def test_half_of_a_rare_class_lost_is_named_with_its_recall(balance, advice):
    (finding,) = judge([[356, 4], [20, 20]], balance=balance)
    assert finding.severity == "warning"
    assert finding.text.startswith(
        "of class 'c1' only 20 of 40 pictures of test are found: recall 50.0% (95 % interval 35.2% to 64.8%), where the other "
        "classes have 98.9%; it is mostly taken for 'c0'; it is 9 times as rare as the commonest class"
    )
    assert finding.text.endswith(advice)


def test_always_the_common_class_at_nine_to_one_says_both():
    chance, lost = judge([[90, 0], [10, 0]])
    assert "90.0% right" in chance.text and "always 'c0' is right on 90.0%" in chance.text
    assert "of class 'c1' only 0 of 10 pictures" in lost.text and "--balance" in lost.text


def test_a_class_that_is_lost_among_even_ones_needs_no_balance():
    (finding,) = judge([[50, 0, 0], [1, 49, 0], [30, 5, 15]])
    assert "of class 'c2' only 15 of 50" in finding.text and "mostly taken for 'c0'" in finding.text
    assert "--balance" not in finding.text and "rare" not in finding.text
    assert judge([[50, 0, 0], [1, 49, 0], [20, 5, 25]]) == ()  # half of it is found


def test_classes_told_apart_are_clearly_better_where_one_class_is_most_pictures():
    assert (
        scores_of([[18, 0], [0, 2]]).accuracy_interval[0] < 0.9
    )  # all right, and still too few to tell by the accuracy
    assert judge([[18, 0], [0, 2]]) == ()
    (lost,) = judge([[178, 2], [10, 10]])
    assert "of class 'c1' only 10 of 20" in lost.text
    assert "not clearly better" in judge([[180, 0], [19, 1]])[0].text


def test_what_is_lost_by_chance_alone_is_not_named():
    assert judge([[10, 1], [1, 2]])[1:] == ()  # recall 67 % of three pictures: 21 to 94 %


def test_many_lost_classes_are_counted():
    matrix = np.diag([200, *[0] * 6, 200])
    matrix[1:7, 0] = 20
    named = judge(matrix)
    assert [finding.text.split(" only ")[0] for finding in named[:3]] == [f"of class 'c{i}'" for i in (1, 2, 3)]
    assert named[3] == Finding("3 more classes are lost like that: 'c4', 'c5', 'c6'", "warning")


def test_a_class_that_short_training_lost_wants_longer_training():
    labels = np.repeat([0, 1, 2], 40)
    answers = labels.copy()
    answers[:30] = 1  # most of the first class
    scores = score(np.eye(3)[answers], labels, ["a", "b", "c"])
    (finding,) = judge_scores(scores, "val", remedy="", learnt_briefly=True)
    assert finding.text.endswith(
        "it is mostly taken for 'b'; training was short: train longer before anything else (--epochs, --time-limit)"
    )
    (finding,) = judge_scores(scores, "val", remedy="")
    assert finding.text.endswith("it is mostly taken for 'b'; look at pictures and labels of both")
