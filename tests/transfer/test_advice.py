"""The four cases and their borders, by scores that real data gave; the time; the sentences."""

import json
import re

import numpy as np
import pytest

from striate.errors import UsageError
from striate.transfer import HeadScore, StageScore, advise
from striate.transfer.advice import removed_mistakes

STAGES = [f"features.{place}" for place in (0, 1, 3, 6, 10, 13, 16, 17, 18)] + ["features"]

# What a head on each stage of mobilenet_v2_tf with ImageNet's weights reaches on up to 1,000 training pictures at 224 x 224.
MEASURED = {
    "hymenoptera": (244, 2, (0.561, 0.594, 0.713, 0.725, 0.820, 0.857, 0.930, 0.955, 0.963, 0.963), 244),
    "flowers5": (3454, 5, (0.440, 0.430, 0.547, 0.615, 0.627, 0.654, 0.655, 0.651, 0.656, 0.656), 1000),
    "imagenette": (2000, 10, (0.300, 0.393, 0.537, 0.611, 0.746, 0.829, 0.956, 0.981, 0.984, 0.984), 1000),
    "cifar10": (50000, 10, (0.254, 0.272, 0.429, 0.469, 0.515, 0.609, 0.671, 0.686, 0.674, 0.674), 1000),
    "mnist": (60000, 10, (0.323, 0.394, 0.591, 0.689, 0.837, 0.936, 0.941, 0.930, 0.930, 0.930), 1000),
    "digits": (1438, 10, (0.519, 0.678, 0.756, 0.819, 0.908, 0.940, 0.951, 0.936, 0.932, 0.932), 1000),
}


def scores(*accuracies, pictures=1000, stages=STAGES):
    return [StageScore(stage, 8, -0.1, accuracy, pictures) for stage, accuracy in zip(stages, accuracies, strict=True)]


def advice_for(name, **arguments):
    pictures, classes, accuracies, sample = MEASURED[name]
    arguments = {"training_pictures": pictures, "classes": classes, "network": "mobilenet_v2_tf"} | arguments
    return advise(scores(*accuracies, pictures=sample), **arguments)


@pytest.mark.parametrize(
    ("name", "transfer", "quadrant", "similarity", "best"),
    [
        ("hymenoptera", "head", "few and similar", 0.741, "features.17"),
        ("imagenette", "head", "many and similar", 0.906, "features.17"),
        ("flowers5", "full", "many and different", 0.006, "features.13"),
        ("cifar10", "full", "many and different", 0.166, "features.17"),
        ("mnist", "full", "many and different", -0.094, "features.13"),
        ("digits", "full", "many and different", -0.133, "features.16"),
    ],
)
def test_real_data(name, transfer, quadrant, similarity, best):
    advice = advice_for(name)
    assert (advice.transfer, advice.quadrant, advice.best_stage) == (transfer, quadrant, best)
    assert advice.similarity == pytest.approx(similarity, abs=5e-4)
    assert advice.seconds is None
    for reason in advice.reasons:
        assert reason.endswith(".") and not re.search(r"\. [A-Z]", reason), "one sentence each"


@pytest.mark.parametrize(
    ("name", "transfer", "best"), [("flowers5", "stages:3", "features.13"), ("digits", "stages:2", "features.16")]
)
def test_few_and_different_learn_what_comes_after_the_best_stage(name, transfer, best):
    advice = advice_for(name, training_pictures=400)
    assert (advice.transfer, advice.quadrant, advice.best_stage) == (transfer, "few and different", best)
    assert advice.kind == "stages" and not advice.many and not advice.similar


def test_many_and_similar_learn_the_last_third():
    accuracies = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.9)
    advice = advise(scores(*accuracies), training_pictures=5000, classes=10)
    assert (advice.transfer, advice.quadrant) == ("stages:3", "many and similar")
    assert advice.similarity == pytest.approx(2 / 3)
    few = advise(scores(*accuracies), training_pictures=500, classes=10)
    assert (few.transfer, few.quadrant) == ("head", "few and similar")


def test_many_means_in_all_and_in_each_class():
    def size(pictures, classes):
        return advise(scores(*MEASURED["digits"][2]), training_pictures=pictures, classes=classes).size

    assert size(1000, 10) == 1 and size(999, 10) < 1
    assert size(5000, 100) == 1 and size(4999, 100) < 1
    assert size(4000, 10) == 4


def test_where_a_head_makes_few_mistakes_it_is_enough():
    """Whatever the early stages do, and though nothing is left that late ones could remove."""
    easy = scores(*(1.0,) * 10)
    for pictures in (60, 6000):
        advice = advise(easy, training_pictures=pictures, classes=2)
        assert (advice.transfer, advice.similar, advice.similarity) == ("head", True, 0.5)
        assert advice.reasons[0].endswith("gets 100 % of a sample right, and so leaves few mistakes.")
        assert advice.reasons[1] == "So the head alone learns: little is left to gain."
    # But not where an earlier stage is better by more than chance.
    better = scores(*(0.5,) * 6, 0.995, 0.995, 0.975, 0.975)
    assert advise(better, training_pictures=6000, classes=2).transfer == "stages:3"


def test_from_scratch_only_where_nothing_helps():
    chance = scores(*(0.11,) * 10)
    assert advise(chance, training_pictures=6000, classes=10).transfer == "scratch"
    assert advise(chance, training_pictures=600, classes=10).transfer == "stages:8"
    assert (
        "no stage of these weights tells the classes apart"
        in advise(chance, training_pictures=6000, classes=10).reasons[1]
    )


def test_time_decides_where_it_is_short():
    shares = dict.fromkeys(STAGES[:-1], 0.1)
    shares["features.18"] = 0.2

    def within(budget, **arguments):
        given = {"seconds_per_picture": 0.01, "stage_shares": shares, "time_budget": budget}
        return advice_for("digits", **given | arguments)

    # 1,438 pictures, 5 epochs, 10 ms: everything 71.9 s, the last stage alone 14.4 s, each other 7.2 s.
    assert within(None).seconds == pytest.approx(71.9)
    assert within(None).transfer == "full"
    assert [within(budget).transfer for budget in (72, 50, 22, 14)] == ["full", "stages:5", "stages:2", "head"]
    assert within(22).seconds == pytest.approx(21.57)
    assert within(14).seconds == 0
    assert within(22).reasons[1] == (
        "To train everything would take about 72 s here (10 ms a picture and step, 5 epochs), and 22 s are allowed: "
        "so the head and the last 2 stages learn, about 4.3 s an epoch."
    )
    assert within(14).reasons[1].endswith("and 14 s are allowed: so the head alone learns.")
    # Without shares each stage takes the same; without a measured step the budget says nothing.
    assert within(50, stage_shares=None).seconds == pytest.approx(71.9 * 6 / 9)
    assert within(1, seconds_per_picture=None).transfer == "full"


def test_large_data_needs_fewer_epochs():
    assert [advice_for("digits", training_pictures=count).epochs for count in (100, 300, 400, 4000)] == [20, 7, 5, 5]
    assert advice_for("flowers5", training_pictures=9000).epochs == 2
    advice = advice_for("mnist", seconds_per_picture=0.01)
    assert advice.epochs == 1 and advice.seconds == pytest.approx(600)
    assert advice.reasons[1] == (
        "So everything learns, the early stages slowest, about 10 min an epoch: "
        "the pictures are enough to change them all."
    )


def test_the_sentences():
    assert advice_for("hymenoptera").reasons == (
        "244 training pictures of 2 classes, 122 a class, are few; a head on the last vector of mobilenet_v2_tf gets 96 % "
        "of a sample right, and the last third of the stages removes 74 % of the mistakes: the pictures are like those it "
        "was trained on.",
        "So the head alone learns: more would learn these few pictures by heart.",
    )
    assert advice_for("digits", training_pictures=400).reasons == (
        "400 training pictures of 10 classes, 40 a class, are few; a head on the last vector of mobilenet_v2_tf gets 93 % "
        "of a sample right, one on features.16 95 %, and the last third of the stages removes none of the mistakes: the "
        "pictures are unlike those it was trained on.",
        "So the head and the last 2 stages learn: what comes before separates the classes as well as any, and the "
        "pictures are too few to change it.",
    )


def test_forms_for_people_and_programs():
    advice = advice_for("digits")
    lines = advice.to_text().splitlines()
    assert lines[:3] == ["transfer: full", *advice.reasons]
    assert lines[4] == "stage        width  accuracy   LogME"
    assert lines[11] == "features.16      8    95.1 %  -0.100  <- earliest as good as any"
    table = json.loads(json.dumps(advice.to_dict()))
    assert (table["transfer"], table["quadrant"], table["trainable_stages"]) == ("full", "many and different", 9)
    assert table["scores"][6] == {
        "stage": "features.16",
        "width": 8,
        "logme": -0.1,
        "accuracy": 0.951,
        "pictures": 1000,
    }


def heads(better, *, others=0.9):
    """Scores of heads on a stage and on the last vector, the first right beyond doubt where `better`."""
    hard = np.linspace(0.5, 1.5, 200)
    rows = ((("features.13",), 70, others + 0.05, hard * (0.5 if better else 1.5)), (("features",), 100, others, hard))
    return tuple(HeadScore(names, 8, macs, right, float(each.mean()), each) for names, macs, right, each in rows)


def test_a_head_on_an_earlier_stage_where_it_is_better_beyond_noise():
    few = advice_for("digits", training_pictures=400, heads=heads(True))
    assert (few.transfer, few.kind, few.head_stages) == ("head:features.13", "head", ("features.13",))
    assert few.reasons[1] == (
        "So the head alone learns: more would learn these few pictures by heart; on the pooled maps of features.13 it gets "
        "95 % of the sample right by cross-validation, and what comes after features.13 is not needed."
    )
    assert advice_for("digits", training_pictures=400, heads=heads(False)).transfer == "stages:2"
    assert advice_for("hymenoptera", heads=heads(True)).transfer == "head:features.13"
    assert advice_for("hymenoptera", heads=heads(False)).transfer == "head"
    many = advice_for("digits", heads=heads(True))
    assert (many.transfer, many.head_stages) == ("full", ()) and len(many.heads) == 2
    short = advice_for("digits", heads=heads(True), seconds_per_picture=0.01, time_budget=1.0)
    assert (
        short.transfer == "head:features.13"
        and short.reasons[1].count("so the head alone learns; on the pooled maps of") == 1
    )


def test_heads_in_the_forms_for_people_and_programs():
    advice = advice_for("digits", training_pictures=400, heads=heads(True))
    lines = advice.to_text().splitlines()
    assert lines[-3:] == [
        "head on mean and maximum of  inputs  multiply-adds  accuracy  log-loss",
        "features.13                       8           70 %    95.0 %     0.500  <- cheapest as good as any",
        "features                          8          100 %    90.0 %     1.000",
    ]
    table = json.loads(json.dumps(advice.to_dict()))
    assert table["head_stages"] == ["features.13"] and table["transfer"] == "head:features.13"
    assert table["heads"][0].keys() == {"stages", "width", "macs", "accuracy", "log_loss"}


def test_the_share_of_removed_mistakes():
    assert removed_mistakes(0.5, 0.75, pictures=100) == 0.5
    assert removed_mistakes(0.75, 0.5, pictures=100) == -1
    # Half a picture of a hundred is the least that counts as a mistake.
    assert removed_mistakes(0.99, 1.0, pictures=100) == pytest.approx(0.5)
    assert removed_mistakes(1.0, 1.0, pictures=100) == 0


def test_what_makes_no_sense():
    with pytest.raises(UsageError, match="the scores of three stages or more and the last vector, got 2 stages"):
        advise(scores(0.5, 0.5, 0.5, stages=["a", "b", "features"]), training_pictures=10, classes=2)
    for pictures, classes in ((0, 2), (10, 1)):
        with pytest.raises(UsageError, match=f"two classes at least, got {pictures} and {classes}"):
            advise(scores(*MEASURED["digits"][2]), training_pictures=pictures, classes=classes)
