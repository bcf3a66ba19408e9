"""Networks that read sentences: what is measured of them, and what is refused."""

import math

import pytest

import striate
from striate.errors import UsageError
from striate.reproductions.experiment import read_experiment
from striate.reproductions.methods import check_experiment

TOY = """
claim = "It is faster."
claims = [79]
source = "nowhere"
method = "read"
data = "movie_reviews"
shown = ["error", "epoch_seconds", "predict_seconds", "single_seconds", "macs"]
[recipe]
batch_size = 20
[arms.convolutional]
model = "textcnn_rand"
[arms.recurrent]
model = "text_lstm"
[quick]
seeds = 1
epochs = 3
pictures = 60
minutes = 0.1
[whole]
seeds = 1
minutes = 0.1
[[rules]]
says = "of seven words it computes more"
measure = "macs"
of = "convolutional"
to = "recurrent"
above = 0.0
"""


def test_both_networks_learn_the_same_sentences(tmp_path):
    reviews = tmp_path / "movie_reviews"
    reviews.mkdir()
    for name, word in (("rt.neg", "bad"), ("rt.pos", "good")):
        lines = [f"a {word} film number {number} of many" for number in range(80)]
        (reviews / name).write_text("\n".join(lines))
    file = tmp_path / "read.toml"
    file.write_text(TOY)
    found = striate.reproduce(str(file), quick=True, data=tmp_path, output=tmp_path / "result", device="cpu")
    assert found.verdict == "holds"
    for arm in ("convolutional", "recurrent"):
        values = {name: found.answers(arm, name).values[0] for name in found.experiment.shown}
        assert all(math.isfinite(value) and value >= 0 for value in values.values())
        assert values["epoch_seconds"] > 0 and values["single_seconds"] > 0
        assert len(found.answers(arm, "error").wrong) == 16, "a tenth of the sentences are for testing"
    # Seven words; filters of 3, 4 and 5 words see the four zeros on either side too: 13, 12 and 11 places.
    assert found.answers("convolutional", "macs").values[0] == 300 * 100 * (13 * 3 + 12 * 4 + 11 * 5) + 300 * 2
    # An LSTM in each direction: four gates of 150 units from 300 numbers and 150 units, for each of seven words.
    assert found.answers("recurrent", "macs").values[0] == 2 * 7 * 4 * 150 * (300 + 150) + 300 * 2


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"textcnn_rand"', '"lenet5"', "arms.convolutional: the method read needs a row for sentences, got 'lenet5'"),
        ('model = "text_lstm"', 'layers = ["flatten"]', "arms.recurrent: the method read needs a row for sentences"),
        (
            'model = "text_lstm"',
            'model = "text_lstm"\noptions = { side = 3 }',
            "arms.recurrent: the method read asks no options, got side",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(before, after, said):
    assert before in TOY
    with pytest.raises(UsageError) as error:
        check_experiment(read_experiment("read", TOY.replace(before, after, 1)))
    assert said in str(error.value)


def test_pictures_are_refused(tmp_path):
    file = tmp_path / "read.toml"
    file.write_text(TOY.replace("movie_reviews", "digits"))
    with pytest.raises(UsageError, match="the method read is for sentences, and digits is of the kind 'picture'"):
        striate.reproduce(str(file), quick=True, output=tmp_path / "result")
