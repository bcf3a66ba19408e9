"""Every tensor of every network is in one part, the head learns, and the modes follow the plan."""

import functools

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from striate.errors import UnknownNameError, UsageError
from striate.hooks import watch_calls
from striate.initialization import drafting
from striate.models import create_model, list_models
from striate.transfer import FreezePlan, freeze, freeze_plan, set_training_mode
from striate.weights import is_auxiliary

# One of every structure; the others differ in widths, depths and padding.
DRAWN = {
    *("lenet5", "lenet5_dense", "alexnet", "alexnet_owt", "zfnet", "nin_cifar10", "vgg11", "vgg11_lrn", "vgg11_bn"),
    *("googlenet", "googlenet_bn", "allcnn_c", "resnet18", "resnet18_a", "resnet18_c", "plain18", "resnet20"),
    *("mobilenet_v1_x0_25", "mobilenet_v1_x0_25_tf", "mobilenet_v2_x0_35", "mobilenet_v2_x0_35_tf", "efficientnet_b0"),
}
EVERY_ROW = [
    pytest.param(name, marks=[] if name in DRAWN else pytest.mark.slow)
    for name in list_models("picture", sequential=False)
]


@functools.cache
def drafted(name):
    """The network without values; tests leave it as it is."""
    with drafting():
        return create_model(name).eval()


def of_kind(plan, kind):
    return [part for part in plan.parts if part.kind == kind]


@pytest.mark.parametrize("name", EVERY_ROW)
def test_every_tensor_is_in_one_part(name):
    network = drafted(name)
    stages = len(network.stages)
    tensors = sorted(key for key, _ in (*network.named_parameters(), *network.named_buffers()))
    for plan in (freeze_plan(network, "stages", trainable_stages=count) for count in (1, stages)):
        assert sorted(key for part in plan.parts for key in (*part.parameters, *part.buffers)) == tensors
        assert not {*plan.frozen} & {*plan.rates}
        assert [part.name for part in of_kind(plan, "stage")] == list(network.stages)
        head = plan.parts[-1]
        assert (head.kind, head.name, head.trainable, head.rate) == ("head", network.head_name, True, 1.0)
        assert {*head.parameters} == {key for key, _ in network.named_parameters() if key.startswith(head.name + ".")}
        assert {key for part in of_kind(plan, "auxiliary") for key in part.parameters} == {
            key for key, _ in network.named_parameters() if is_auxiliary(key)
        }
        learning = [part.trainable for part in of_kind(plan, "stage")]
        assert learning == [False] * (stages - plan.trainable_stages) + [True] * plan.trainable_stages
        rates = [part.rate for part in plan.parts if part.trainable and part.kind in ("stage", "dense")]
        assert rates == sorted(rates) and max(rates) < 1
        assert plan.trainable_parameters + plan.frozen_parameters == sum(p.numel() for p in network.parameters())
    assert plan.frozen == ()


@pytest.mark.parametrize("name", EVERY_ROW[1:])  # but lenet5, whose head is fixed
def test_the_head_alone(name):
    network = drafted(name)
    plan = freeze_plan(network, "head")
    head = {key for key, _ in network.head.named_parameters(prefix=network.head_name)}
    assert {*plan.rates} == head and set(plan.rates.values()) == {1.0}
    norms = {key for key, module in network.named_modules() if isinstance(module, _BatchNorm)}
    assert norms <= {module for part in plan.parts if not part.trainable for module in part.modules}


@pytest.mark.parametrize("name", EVERY_ROW)
def test_parts_are_in_the_order_in_which_a_picture_passes_them(name):
    """What a stage freezes is all that ran before its end: nothing behind it, and nothing left out."""
    network = drafted(name)
    plan = freeze_plan(network, "full")
    place = {module: index for index, part in enumerate(plan.parts) for module in part.modules}
    ran = []
    watched = watch_calls(network, lambda key, module: ran.append(key), lambda key, module, output: None)
    with watched, torch.inference_mode():
        network(torch.zeros(1, network.in_channels, *network.input_size, device="meta"))
    passed = [place[key] for key in ran if key in place and next(network.get_submodule(key).children(), None) is None]
    assert passed == sorted(passed)
    holding = {key.rpartition(".")[0] for key in network.state_dict() if not is_auxiliary(key)}
    assert holding <= {*ran}


def test_vgg_s_dense_layers_learn_with_its_last_stage():
    plan = freeze_plan(drafted("vgg11"), "stages", trainable_stages=1, stage_rate=0.5)
    assert [(part.name, part.kind, part.count, part.rate) for part in plan.parts[-3:]] == [
        ("features.20", "stage", 2 * (9 * 512 * 512 + 512), 0.25),
        ("classifier.0, classifier.3", "dense", 25088 * 4096 + 4096 + 4096 * 4096 + 4096, 0.5),
        ("classifier.6", "head", 4096 * 1000 + 1000, 1.0),
    ]
    # The dropout between dense layers is theirs, the one before the head the head's.
    assert {"classifier.2", "classifier.5"} & {*plan.parts[-2].modules} == {"classifier.2"}
    assert "classifier.5" in plan.parts[-1].modules
    assert [part.trainable for part in freeze_plan(drafted("vgg11"), "head").parts] == [False] * 6 + [True]


def test_auxiliary_heads_learn_with_the_stages():
    network = drafted("googlenet")
    full = freeze_plan(network, "full")
    assert [(part.name, part.trainable, part.rate) for part in of_kind(full, "auxiliary")] == [
        ("aux1", True, 1.0),
        ("aux2", True, 1.0),
    ]
    assert full.parts[-1].kind == "head"
    assert [part.trainable for part in of_kind(freeze_plan(network, "head"), "auxiliary")] == [False, False]


def test_rates_fall_from_the_head_to_the_first_stage():
    network = drafted("resnet18")
    plan = freeze_plan(network, "full", stage_rate=0.5)
    assert [part.rate for part in plan.parts] == [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]
    assert plan.rates["conv1.weight"] == plan.rates["bn1.bias"] == 1 / 32
    assert set(freeze_plan(network, "scratch").rates.values()) == {1.0}
    assert {*plan.rates} == {key for key, _ in network.named_parameters()}


def test_freezing_sets_gradients_and_modes():
    network = create_model("resnet20", num_classes=2, seed=0)
    network(torch.zeros(2, 3, 32, 32)).sum().backward()
    freeze(network, freeze_plan(network, "stages", trainable_stages=1))
    for key, parameter in network.named_parameters():
        learns = key.startswith(("layer3.", "fc."))
        assert parameter.requires_grad is learns
        assert (parameter.grad is not None) is learns
    modes = {key: module.training for key, module in network.named_modules()}
    assert modes[""] and modes["layer3"] and modes["layer3.0.bn1"] and modes["fc"]
    assert not any(mode for key, mode in modes.items() if key.startswith(("conv1", "bn1", "relu1", "layer1", "layer2")))
    network.train()
    set_training_mode(network, freeze_plan(network, "stages", trainable_stages=1))
    assert {key: module.training for key, module in network.named_modules()} == modes
    freeze(network, freeze_plan(network, "scratch"))
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(module.training for module in network.modules())


def test_a_container_of_several_parts_stays_in_training_mode():
    network = create_model("mobilenet_v2", seed=0)
    set_training_mode(network, freeze_plan(network, "head"))
    training = [key for key, module in network.named_modules() if module.training]
    assert training == ["", "features", "avgpool", "flatten", "classifier", "classifier.0", "classifier.1"]
    assert isinstance(network.classifier[0], nn.Dropout)


def test_what_makes_no_sense():
    network = drafted("resnet20")
    with pytest.raises(UnknownNameError, match=r"unknown kind of transfer 'heads'; did you mean 'head'\?"):
        freeze_plan(network, "heads")
    for count in (0, 5):
        with pytest.raises(UsageError, match=f"ResNet has 4 stages, so 1 to 4 of them can learn, got {count}; where"):
            freeze_plan(network, "stages", trainable_stages=count)
    for rate in (0.0, 1.5):
        with pytest.raises(UsageError, match=f"stage_rate must be more than 0 and at most 1, got {rate:g}"):
            freeze_plan(network, "full", stage_rate=rate)
    with pytest.raises(
        UsageError, match="the head of this LeNet is fixed, a RBFOutput without parameters, so it cannot"
    ):
        freeze_plan(drafted("lenet5"), "head")


def test_a_plan_of_another_network_is_refused():
    plan = freeze_plan(drafted("resnet32"), "head")
    assert isinstance(plan, FreezePlan)
    with pytest.raises(
        UsageError, match=r"the plan is of another network than this ResNet: they differ in layer1\.3\.bn1"
    ):
        freeze(drafted("resnet20"), plan)


def test_the_table():
    plan = freeze_plan(drafted("googlenet"), "stages", trainable_stages=2)
    lines = plan.to_text().splitlines()
    assert lines[0].split() == ["part", "kind", "parameters", "rate"]
    assert lines[-4].split() == ["aux1", "auxiliary", "3,188,840", "learns", "1"]
    assert lines[-2].split() == ["fc", "head", "1,025,000", "learns", "1"]
    assert lines[-1] == (
        f"{plan.trainable_parameters:,} of {plan.trainable_parameters + plan.frozen_parameters:,} parameters learn, "
        f"{plan.frozen_parameters:,} are frozen"
    )
