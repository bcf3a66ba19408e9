"""What `learn` measures beside errors, and what an arm may have other than the experiment's."""

import pytest

import striate
from striate.errors import StriateError
from striate.nn.patch_whitening import PatchWhitening
from striate.reproductions import learning
from striate.reproductions.experiment import read_experiment
from striate.reproductions.methods import check_experiment

TWO_SIDES = """
claim = "Larger pictures cost more."
claims = []
source = "nowhere"
method = "learn"
data = "digits"
shown = ["error", "macs", "elapsed"]
across = ["macs", "elapsed"]
[arms.small]
layers = ["conv 4 3", "relu", "max 2", "flatten"]
[arms.large]
layers = ["conv 4 3", "relu", "max 2", "flatten"]
options = { side = 16 }
pictures = 40
[quick]
seeds = 1
epochs = 2
pictures = 100
test_pictures = 50
minutes = 0.1
[whole]
seeds = 1
minutes = 0.1
[[rules]]
says = "convolutions cost four times as much"
measure = "macs"
of = "large"
to = "small"
ratio = true
above = 3.9
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sides")
    (folder / "sides.toml").write_text(TWO_SIDES)
    return striate.reproduce(str(folder / "sides.toml"), quick=True, output=folder / "result")


def test_an_arm_may_take_larger_pictures(found):
    small, large = (found.answers(arm, "macs").values[0] for arm in ("small", "large"))
    assert (small, large) == (8 * 8 * 4 * 9 + 4 * 4 * 4 * 10, 16 * 16 * 4 * 9 + 8 * 8 * 4 * 10)
    assert found.verdict == "holds"
    assert found.picture.read_bytes().startswith(b"\x89PNG")


def test_an_epoch_is_of_all_training_pictures_however_few_were_learnt(found):
    training = len(striate.load_data("digits").indices("train")) or 1
    for arm, learnt in (("small", 100), ("large", 40)):
        elapsed, epoch = (found.answers(arm, name).values[0] for name in ("elapsed", "epoch_elapsed"))
        assert elapsed > 0
        shares = epoch / (elapsed / 2 / learnt)
        assert shares == pytest.approx(round(shares)) and shares >= training, "a whole number of pictures"


def test_weights_that_need_pictures_are_made_of_them(monkeypatch, tmp_path):
    made = []
    monkeypatch.setattr(PatchWhitening, "fit_patches", lambda self, images: made.append(images.shape))
    file = tmp_path / "airbench.toml"
    arms = '[arms.small]\nmodel = "airbench94"\nconfig = { widths = [8, 8, 8] }\noptions = { side = 16 }\n'
    begin, end = TWO_SIDES.index("[arms.small]"), TWO_SIDES.index("[quick]")
    rules = TWO_SIDES[TWO_SIDES.index("[[rules]]") :]
    rule = '[[rules]]\nsays = "few"\nmeasure = "macs"\nof = "small"\nabove = 1.0\n'
    file.write_text((TWO_SIDES[:begin] + arms + TWO_SIDES[end:]).replace(rules, rule))
    striate.reproduce(str(file), quick=True, output=tmp_path / "result")
    assert made == [(100, 1, 16, 16)], "once, before the first step"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("{ side = 16 }", "{ sides = 16 }", "arms.large: unknown experiment key 'options.sides'"),
        ('across = ["macs", "elapsed"]', 'across = ["seconds"]', "unknown measure in across 'seconds'"),
    ],
)
def test_what_makes_no_sense_is_refused(before, after, said):
    with pytest.raises(StriateError, match=said):
        check_experiment(read_experiment("sides", TWO_SIDES.replace(before, after)))


def test_times_are_measured():
    assert {"seconds", "elapsed", "epoch_elapsed"} <= learning.measures({})
