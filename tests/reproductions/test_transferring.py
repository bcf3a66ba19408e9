"""Trained weights put to other pictures: what learns, what stays, and what is refused."""

import pytest
import torch
from safetensors.torch import save_file

import striate
from striate.errors import DataError, UsageError
from striate.models import CutNetwork, create_model
from striate.reproductions import transferring
from striate.reproductions.experiment import read_experiment
from striate.reproductions.methods import check_experiment

TOY = """
claim = "A head is enough."
claims = [68]
source = "nowhere"
method = "transfer"
data = "digits"
shown = ["error", "train_error", "seconds", "stages"]
[pictures]
side = 16
[recipe]
batch_size = 20
optimizer = { learning_rate = 0.01 }
[arms.head]
model = "resnet20"
recipe = { transfer = { kind = "head" } }
options = { weights = "weights/small.safetensors" }
[arms.earlier]
model = "resnet20"
recipe = { transfer = { kind = "head" } }
options = { weights = "weights/small.safetensors", earlier = true }
[arms.few]
model = "resnet20"
recipe = { transfer = { kind = "stages", trainable_stages = 1, stage_rate = 0.7 } }
options = { weights = "weights/small.safetensors" }
[arms.all]
model = "resnet20"
recipe = { transfer = { kind = "full", stage_rate = 0.7 } }
options = { weights = "weights/small.safetensors" }
[arms.scratch]
model = "resnet20"
[quick]
seeds = 1
epochs = 2
pictures = 60
test_pictures = 50
minutes = 0.1
[whole]
seeds = 1
minutes = 0.1
[[rules]]
says = "the head errs less"
measure = "error"
of = "head"
to = "scratch"
below = 0.0
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The weights, each arm's network once it had learnt, and the result."""
    folder = tmp_path_factory.mktemp("transfer")
    (folder / "weights").mkdir()
    given = create_model("resnet20", num_classes=7, in_channels=1, seed=5).state_dict()
    save_file(given, folder / "weights/small.safetensors")
    (folder / "transfer.toml").write_text(TOY)
    learnt = []
    with pytest.MonkeyPatch.context() as patched:
        asked = transferring.answered_wrong
        patched.setattr(
            transferring, "answered_wrong", lambda network, *rest: learnt.append(network) or asked(network, *rest)
        )
        result = striate.reproduce(
            str(folder / "transfer.toml"), quick=True, data=folder, output=folder / "result", device="cpu"
        )
    return given, dict(zip(result.experiment.arms, learnt[::2], strict=True)), result


@pytest.mark.parametrize(
    ("arm", "stay", "move"),
    [
        ("head", ("conv1", "layer1", "layer2", "layer3"), ()),
        ("earlier", ("conv1", "layer1"), ()),
        ("few", ("conv1", "layer1", "layer2"), ("layer3",)),
        ("all", (), ("conv1", "layer1", "layer2", "layer3")),
        ("scratch", (), ("conv1", "layer1", "layer2", "layer3")),
    ],
)
def test_what_the_arm_says_learns_and_nothing_else(found, arm, stay, move):
    given, networks, _ = found
    state = networks[arm].state_dict()
    for part in stay:
        names = [name for name in given if name.startswith(f"{part}.") and name in state]
        assert names and all(torch.equal(given[name], state[name]) for name in names), part
    for part in move:
        names = [name for name in given if name.startswith(f"{part}.") and name.endswith("weight")]
        assert not any(torch.equal(given[name], state[name]) for name in names), part


def test_a_head_on_an_earlier_stage_cuts_the_network(found):
    _, networks, result = found
    cut = networks["earlier"]
    assert isinstance(cut, CutNetwork) and cut.stages[-1] in ("relu1", "layer1", "layer2")
    assert result.answers("earlier", "stages").values == (float(len(cut.stages)),)
    assert {result.answers(arm, "stages").values for arm in ("head", "few", "all", "scratch")} == {(4.0,)}
    assert all(result.answers(arm, "seconds").values[0] > 0 for arm in networks)
    assert result.answers("head", "error").values[0] == result.answers("head", "error").wrong.mean()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("earlier = true", "early = true", "arms.earlier: unknown experiment key 'options.early'"),
        (
            '[arms.scratch]\nmodel = "resnet20"',
            '[arms.scratch]\nmodel = "resnet20"\noptions = { weights = "w.pth" }',
            "arms.scratch: weights are for what does not learn from scratch, got 'w.pth' for 'scratch'",
        ),
        ('options = { weights = "weights/small.safetensors" }\n', "", "got '' for 'head'"),
        (
            'kind = "full", stage_rate = 0.7 } }\noptions = { weights = "weights/small.safetensors" }',
            'kind = "full" } }\noptions = { weights = "w.pth", earlier = true }',
            "arms.all: earlier is for a head that learns alone, got the kind 'full'",
        ),
        ('kind = "full"', 'kind = "whole"', "arms.all: "),
    ],
)
def test_what_makes_no_sense_is_refused(before, after, said):
    assert before in TOY
    with pytest.raises(UsageError) as error:
        check_experiment(read_experiment("transfer", TOY.replace(before, after, 1)))
    assert said in str(error.value)


def test_weights_that_are_not_there_are_said(tmp_path):
    file = tmp_path / "transfer.toml"
    file.write_text(TOY)
    with pytest.raises(
        DataError,
        match=r"no local copy of the weights: expected FOLDER/weights/small\.safetensors; name the FOLDER with --data",
    ):
        striate.reproduce(str(file), quick=True, data=tmp_path, output=tmp_path / "result")
