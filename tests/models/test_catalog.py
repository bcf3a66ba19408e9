import dataclasses

import pytest
import torch

import striate.models
from striate.errors import UnknownNameError, UsageError
from striate.initialization import drafting
from striate.models import LeNet, Network, ResNet, create_model, list_models, model_row
from striate.models.catalog import ARITHMETIC, FAMILIES, ROWS, merged, twin_rows

NAMES = list_models("picture")


def trainable(network):
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def test_public_names_are_sorted_and_there():
    assert striate.models.__all__ == sorted(striate.models.__all__)
    assert all(hasattr(striate.models, name) for name in striate.models.__all__)


def test_every_row_has_its_golden_numbers(golden):
    assert set(golden) == set(NAMES)


def test_families_are_in_the_order_of_their_first_rows():
    assert (
        [name for _, variants in FAMILIES for name in variants]
        == list_models()
        == [*NAMES, *list_models("text"), *list_models("frames")]
    )
    rows = [model_row(next(iter(variants))) for _, variants in FAMILIES]
    years = [row.year for row in rows if row.kind == "picture"]
    assert years == sorted(years)


@pytest.mark.parametrize("name", NAMES)
def test_row(name):
    row = model_row(name)
    assert row.name == name
    assert row.paper.startswith(row.config.paper.authors)
    assert str(row.year) in row.paper
    assert len(row.mean) == len(row.std) == row.in_channels
    assert all(0 < mean < 1 for mean in row.mean) and all(0 < std < 1 for std in row.std)
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.config.benchmark = None


def test_lenet_s_inputs_are_the_paper_s():
    row = model_row("lenet5")
    background, ink = ((value - row.mean[0]) / row.std[0] for value in (0, 1))
    assert background == pytest.approx(-0.1)
    assert ink == pytest.approx(1.175)


def test_normalization_for_another_number_of_channels():
    benchmark = model_row("resnet20").benchmark
    assert benchmark.normalization(3) == (benchmark.mean, benchmark.std)
    assert benchmark.normalization(2) == (
        (pytest.approx(0.47337, abs=1e-5),) * 2,
        (pytest.approx(0.25070, abs=1e-5),) * 2,
    )


@pytest.mark.parametrize(
    ("name", "close"), [("lenet5_dens", "lenet5_dense"), ("MobileNetV2", "mobilenet_v2"), ("zzz", "")]
)
def test_unknown_name(name, close):
    for ask in (model_row, create_model):
        with pytest.raises(UnknownNameError) as error:
            ask(name)
        hint = "(run `striate models` to see them all)"
        assert str(error.value) == str(UnknownNameError("model", name, NAMES, hint=hint))
        begin = f"unknown model {name!r}" + (f"; did you mean {close!r}" if close else " (run ")
        assert str(error.value).startswith(begin) and str(error.value).endswith(hint)


def test_a_path_is_said_to_lead_nowhere():
    with pytest.raises(UnknownNameError) as error:
        model_row("runs/photos")
    said = "unknown model 'runs/photos' (and no run or bundle is there; run `striate models` to see the names)"
    assert str(error.value) == said


def test_the_closest_names_come_first():
    with pytest.raises(UnknownNameError) as error:
        create_model("resnet51")
    assert "did you mean 'resnet50', 'resnet56', " in str(error.value) and "'resnet152'" in str(error.value)


def test_two_rows_of_one_name():
    with pytest.raises(UsageError) as error:
        merged([*FAMILIES, (LeNet, {"resnet20": model_row("lenet5").config})])
    assert str(error.value) == (
        f"two families have a row 'resnet20': {model_row('resnet20').paper}, and {model_row('lenet5').paper}"
    )


def test_rows_cannot_be_changed():
    with pytest.raises(TypeError):
        ROWS["resnet20"] = None


@pytest.mark.parametrize("name", NAMES)
def test_created_as_the_row_says(name):
    row = model_row(name)
    with drafting():
        network = create_model(name)
    assert isinstance(network, Network)
    assert type(network) is row.family
    assert network.training
    assert (network.num_classes, network.in_channels) == (row.num_classes, row.in_channels)
    assert network.input_size == row.input_size


@pytest.mark.parametrize("name", NAMES)
def test_parameters(name, golden, drafted):
    network, whole = drafted(name, auxiliary=False), drafted(name)
    assert trainable(network) == golden[name]["parameters"]
    assert trainable(whole) - trainable(network) == golden[name].get("auxiliary_parameters", 0)


@pytest.mark.parametrize("name", NAMES)
def test_stages(name, golden, drafted):
    network = drafted(name)  # shapes alone
    shapes = {}
    hooks = [
        network.get_submodule(stage).register_forward_hook(
            lambda module, inputs, output, stage=stage: shapes.update({stage: list(output.shape[1:])})
        )
        for stage in network.stages
    ]
    logits = network(torch.empty(1, network.in_channels, *network.input_size, device="meta"))
    for hook in hooks:
        hook.remove()
    assert shapes == golden[name]["stages"]
    assert list(shapes) == list(network.stages)
    assert logits.shape[:: logits.ndim - 1] == (1, network.num_classes)  # between them the places of a line


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_weights_and_the_global_generator_is_left_alone(name, built):
    before = torch.random.get_rng_state()
    first, second, other = (built(name, seed=seed).state_dict() for seed in (7, 7, 8))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_without_a_seed_the_global_generator_draws():
    torch.manual_seed(5)
    first = create_model("resnet20").conv1.weight
    torch.manual_seed(5)
    assert torch.equal(create_model("resnet20").conv1.weight, first)
    assert not torch.equal(create_model("resnet20").conv1.weight, first)


@pytest.mark.parametrize("value", [0, -3, 2.0, True, "10"])
@pytest.mark.parametrize("argument", ["num_classes", "in_channels"])
def test_bad_numbers(argument, value):
    with pytest.raises(UsageError) as error:
        create_model("resnet20", **{argument: value})
    assert str(error.value) == f"ResNet: {argument} must be a whole number of at least 1, got {value!r}"


def test_a_family_s_class_can_be_used_alone():
    network = ResNet(model_row("resnet20").config, num_classes=3, in_channels=2)
    assert network(torch.zeros(2, 2, 16, 16)).shape == (2, 3)


@pytest.mark.parametrize("name", NAMES)
def test_auxiliary_heads(name, golden, drafted):
    network, without = drafted(name), drafted(name, auxiliary=False)
    images = torch.empty(2, network.in_channels, *network.input_size, device="meta")
    logits, auxiliary = network.forward_with_auxiliary(images)
    assert logits.shape[:: logits.ndim - 1] == (2, network.num_classes)
    assert [answer.shape for answer in auxiliary] == [logits.shape] * len(network.auxiliary_head_names)
    assert (network.auxiliary_weight > 0) == bool(auxiliary) == ("auxiliary_parameters" in golden[name])
    assert without.auxiliary_head_names == ()
    if auxiliary:
        assert without.forward_with_auxiliary(images)[1] == ()
    assert without.auxiliary_weight == 0
    names = dict(network.named_parameters()).keys() - dict(without.named_parameters()).keys()
    assert all("aux" in path for path in names)
    assert not [path for path, _ in without.named_parameters() if "aux" in path]


def test_listing_builds_nothing(monkeypatch):
    monkeypatch.delattr(torch.nn.Module, "__init__")
    with pytest.raises(AttributeError, match=r"before Module\.__init__"):
        create_model("lenet5")
    assert list_models("picture") == NAMES


def test_twins_of_some_rows():
    assert twin_rows("mobilenet_v2_tf") == ["mobilenet_v2"]
    assert twin_rows("vgg16") == twin_rows("lenet5") == twin_rows("alexnet_owt") == []
    assert twin_rows("alexnet") == ["alexnet_caffe", "caffenet"]
    with pytest.raises(UnknownNameError, match="unknown model 'resnet51'"):
        twin_rows("resnet51")


def shapes_of(name):
    with drafting():
        return {key: tuple(tensor.shape) for key, tensor in create_model(name).state_dict().items()}


# One of each structure; all of them by `make test-all`.
TWINS_DRAWN = {
    "mobilenet_v2",
    "mobilenet_v2_x0_35_tf",
    "resnet50",
    "efficientnet_b0",
    "mobilenet_v1_x0_25",
    "lenet5_relu",
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in TWINS_DRAWN else pytest.mark.exhaustive) for name in NAMES]
)
def test_twins_take_the_same_weights_and_compute_something_else(name):
    twins = twin_rows(name)
    assert name not in twins and len(set(twins)) == len(twins)
    own = model_row(name)
    for twin in twins:
        row = model_row(twin)
        assert row.family is own.family
        assert shapes_of(twin) == shapes_of(name)
        assert any(getattr(row.config, field, None) != getattr(own.config, field, None) for field in ARITHMETIC)
        # A twin knows this row, or one that computes the same as it for other sizes of pictures.
        back = [model_row(other) for other in twin_rows(twin)]
        assert any(
            all(getattr(other.config, field, None) == getattr(own.config, field, None) for field in ARITHMETIC)
            for other in back
        )
