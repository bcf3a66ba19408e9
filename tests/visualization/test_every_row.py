"""Every method answers for every row of the catalogue, and leaves the network as it found it."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

from striate.initialization import drafting
from striate.models import create_model, list_models, model_row
from striate.visualization import (
    HEAD,
    check_explanations,
    deconvnet,
    feature_maps,
    filters,
    grad_cam,
    gradient,
    guided_backpropagation,
    hierarchy,
    integrated_gradients,
    list_layers,
    maximize,
    occlusion,
    saliency,
    top_patches,
)

LARGE = 10_000_000  # parameters, from which on drawing the weights by the paper's rules takes a second and more
SMALL_SIDE = 32

# One or two of each family stand for the others, which `make test-all` puts to the same test: all rows take minutes. A VGG's
# layers are all in AlexNet too, and twice as many weights would have to be looked through.
STANDING = ["lenet5", "alexnet", "nin_cifar10", "googlenet", "allcnn_c", "resnet18_c", "plain20"]
STANDING += ["mobilenet_v1_x0_25", "mobilenet_v2_x0_35_tf", "efficientnet_b0"]
TWICE = ["lenet5", "googlenet", "resnet18_c", "plain20", "mobilenet_v2_x0_35_tf"]
BREAKING = ["lenet5", "googlenet", "mobilenet_v2_x0_35_tf"]
CHECKED = ["lenet5"]  # an explanation's check runs the network some 80 times


def like_images(answer, images):
    return [(answer, tuple(images.shape))]


def middle(network):
    """A layer halfway up, the same for every run."""
    layers = list_layers(network)
    return layers[len(layers) // 2]


def like_heat(answer, images):
    return [(answer, (len(images), *images.shape[2:]))]


def occlusion_maps(network, images):
    """Of a patch of half the side, in two places down and two across."""
    patch = tuple(-(-side // 2) for side in images.shape[2:])
    answer = occlusion(network, images, patch=patch, stride=patch)
    maps = [answer.probability, answer.map_sum, answer.labels]
    return [*((one, (len(images), 2, 2)) for one in maps), *like_heat(answer.heat(), images)]


def values(network):
    """Mean and deviation of the network's own benchmark."""
    return dict(zip(("mean", "std"), network.config.benchmark.normalization(network.in_channels), strict=True))


def patches(network, images):
    """Two pictures' top patches of a layer halfway up, and a projection."""
    layer = middle(network)
    both = torch.cat([images, images.flip(3)])
    answer = top_patches(network, both, layer=layer, count=2)
    maps = len(answer)
    top, left, bottom, right = answer.boxes[0, 0].tolist()
    projection = answer.project(network, both, 0)[0]
    box = (images.shape[1], bottom - top, right - left)
    return [
        (answer.activations, (maps, 2)),
        (answer.positions, (maps, 2)),
        (answer.boxes, (maps, 2, 4)),
        (projection, box),
    ]


def maps_and_filters(network, images):
    """Of a layer halfway up, and the filters of the first layer, which see the picture."""
    maps = feature_maps(network, torch.cat([images, images.flip(3)]), layer=middle(network))
    if not any(isinstance(module, nn.Conv2d) for module in network.modules()):  # the linear classifier
        return [(maps, (2, *maps.shape[1:]))]
    kernels = filters(network)
    return [(maps, (2, *maps.shape[1:])), (kernels, (len(kernels), images.shape[1], *kernels.shape[2:]))]


def levels(network, images):
    """The strongest map of a layer halfway up and of the logits, its top picture and projection; with filters if it has."""
    found = hierarchy(network, images, layers=[middle(network), HEAD], maps=1, count=1)
    (one,) = found[-1].maps
    shape = tuple(images.shape[1:])
    own = [(level.filters, tuple(level.filters.shape)) for level in found if level.filters is not None]
    return [(one.crops[0], shape), (one.projections[0], shape), *own]


# Each takes (network, images) and gives what was answered, and the shape that it must have.
METHODS = {
    "deconvnet": lambda network, images: like_images(deconvnet(network, images, layer=HEAD), images),
    "deconvnet, a map in the middle": lambda network, images: like_images(
        deconvnet(network, images, layer=middle(network), unit=0, strongest=None, start="activation"), images
    ),
    "guided_backpropagation": lambda network, images: like_images(
        guided_backpropagation(network, images, layer=HEAD), images
    ),
    "gradient": lambda network, images: like_images(gradient(network, images, layer=HEAD), images),
    "saliency": lambda network, images: like_heat(saliency(network, images), images),
    "grad_cam": lambda network, images: like_heat(grad_cam(network, images), images),
    "integrated_gradients": lambda network, images: like_images(
        integrated_gradients(network, images, target=3, steps=2), images
    ),
    "occlusion": occlusion_maps,
    "top_patches": patches,
    "maximize": lambda network, images: like_images(
        maximize(network, layer=HEAD, unit=3, size=tuple(images.shape[2:]), steps=2, **values(network)), images
    ),
    "feature_maps and filters": maps_and_filters,
    "hierarchy": levels,
}


def build(name):
    """The row with ten classes; a large one's weights are drawn fast, with the deviation of He's rule."""
    row = model_row(name)
    with drafting():
        network = create_model(name, num_classes=10)
    if sum(parameter.numel() for parameter in network.parameters()) < LARGE:
        return create_model(name, num_classes=10, seed=0), pictures(row, network)
    network.to_empty(device="cpu")
    bank = torch.randn(1 << 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, tensor in network.named_parameters():
            if tensor.ndim == 1:
                tensor.fill_(0.0 if name.endswith("bias") else 1.0)
                continue
            values, whole = tensor.flatten(), tensor.numel() // bank.numel() * bank.numel()
            scaled = bank * (2 / tensor[0].numel()) ** 0.5
            values[:whole].view(-1, bank.numel())[:] = scaled if whole else 0
            values[whole:] = scaled[: tensor.numel() - whole]
        for name, buffer in network.named_buffers():
            buffer.fill_(1 if name.endswith("running_var") else 0)
    return network, pictures(row, network)


def pictures(row, network):
    """One picture as small as the network takes it."""
    size = [least if network.fixed_size else max(SMALL_SIDE, least) for least in network.minimum_size]
    generator = torch.Generator().manual_seed(1)
    mean, std = (torch.tensor(values)[:, None, None] for values in row.benchmark.normalization(network.in_channels))
    return (torch.rand(1, network.in_channels, *size, generator=generator) - mean) / std


def unsettle(network):
    """Leaves the network as a user may have it: half trained, half frozen, half in training mode, with gradients and hooks."""
    for place, module in enumerate(network.modules()):
        module.training = place % 3 != 0
    for place, parameter in enumerate(network.parameters()):
        parameter.requires_grad_(place % 2 == 0)
    first = next(network.parameters())
    first.grad = torch.full_like(first, 0.5)
    network.register_forward_hook(lambda module, inputs, output: None)


HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Before:
    """All of a network that a method could leave changed, and the generators of random numbers."""

    def __init__(self, network):
        self.network = network
        self.state = self.look()
        self.values = {name: tensor.detach().clone() for name, tensor in self.tensors().items()}
        self.versions = {name: tensor._version for name, tensor in self.tensors().items()}
        self.gradients = {name: parameter.grad.clone() for name, parameter in self.with_gradient()}
        self.generators = self.generator_states()

    def tensors(self):
        return {**dict(self.network.named_parameters()), **dict(self.network.named_buffers())}

    def with_gradient(self):
        return [(name, one) for name, one in self.network.named_parameters() if one.grad is not None]

    def look(self):
        modules = [
            (
                name,
                id(module),
                module.training,
                *(tuple(map(id, getattr(module, kind).values())) for kind in HOOKS),
                sorted(vars(module)),
            )
            for name, module in self.network.named_modules()
        ]
        tensors = [
            (
                name,
                id(tensor),
                tensor.data_ptr(),
                tensor.requires_grad,
                tensor.grad is None,
                bool(tensor._backward_hooks),
            )
            for name, tensor in self.tensors().items()
        ]
        globals_of_torch = (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype())
        return modules, tensors, globals_of_torch

    @staticmethod
    def generator_states():
        return torch.get_rng_state(), str(np.random.get_state()), random.getstate()  # noqa: NPY002 - that it is left alone

    def check(self, *, every_byte=False):
        """Fails if anything is other than it was; values that were not written to are read only for `every_byte`."""
        assert self.look() == self.state
        for name, tensor in self.tensors().items():
            if every_byte or tensor._version != self.versions[name]:
                assert torch.equal(tensor, self.values[name]), f"{name} was changed"
        assert all(torch.equal(parameter.grad, self.gradients[name]) for name, parameter in self.with_gradient())
        now = self.generator_states()
        assert torch.equal(now[0], self.generators[0]) and now[1:] == self.generators[1:]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def answers(method, network, images):
    """What a method answers, as plain arrays, once its shapes and values are seen to be right."""
    arrays = []
    for answer, shape in METHODS[method](network, images):
        array = answer.detach().numpy() if isinstance(answer, torch.Tensor) else np.asarray(answer)
        assert array.shape == shape, f"{method} answers {array.shape}, not {shape}"
        assert np.isfinite(array).all(), f"{method} answers what is not finite"
        arrays.append(array.copy())
    return arrays


def standing(names, among):
    return [name if name in names else pytest.param(name, marks=pytest.mark.exhaustive) for name in among]


ROWS = standing(STANDING, list_models("picture", sequential=False))


@pytest.mark.parametrize("name", ROWS)
def test_every_method_answers_the_same_again_and_leaves_nothing_behind(name):
    network, images = build(name)
    unsettle(network)
    before, pixels = Before(network), images.clone()
    for method in METHODS:
        first = answers(method, network, images)
        before.check()
        assert torch.equal(images, pixels) and not images.requires_grad, f"{method} changed the pictures"
        if name in TWICE:
            torch.rand(3)  # whatever the global generator does meanwhile
            before.generators = before.generator_states()
            second = answers(method, network, images)
            assert all(map(np.array_equal, first, second)), f"{method} answers otherwise the second time"
    before.check(every_byte=True)


@pytest.mark.parametrize("name", standing(CHECKED, TWICE))
def test_checks_of_explanations_leave_nothing_behind(name):
    network, images = build(name)
    unsettle(network)
    before = Before(network)
    methods = ("gradient", "grad_cam", "occlusion")
    first, second = (check_explanations(network, images, methods, target=3) for _ in range(2))
    assert {name: one.to_dict() for name, one in first.items()} == {name: one.to_dict() for name, one in second.items()}
    assert all(-1 <= one.similarity <= 1 and 0 <= one.curves.deletion_area <= 1 for one in first.values())
    before.check(every_byte=True)


class Broken(Exception):
    pass


class BreaksGoingBack(torch.autograd.Function):
    @staticmethod
    def forward(context, inputs):
        return inputs.clone()

    @staticmethod
    def backward(context, signal):
        raise Broken


def breaking_forward(module, inputs, output):
    raise Broken


def breaking_backward(module, inputs, output):
    return BreaksGoingBack.apply(output)


@pytest.mark.parametrize("breaking", [breaking_forward, breaking_backward])
@pytest.mark.parametrize("name", standing(BREAKING, TWICE))
def test_nothing_is_left_behind_when_it_raises_in_the_middle(name, breaking):
    network, images = build(name)
    unsettle(network)
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    first.register_forward_hook(breaking)
    before = Before(network)
    for method in METHODS:
        try:
            METHODS[method](network, images)
        except Broken:
            pass
        else:
            assert breaking is breaking_backward, f"{method} does not run the network"
        before.check()
    before.check(every_byte=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", list_models("picture", sequential=False))
def test_the_first_stage_and_the_classes_of_every_row_have_pictures_that_they_like(name):
    network, images = build(name)
    for layer in (list_layers(network)[0], HEAD):
        picture = maximize(network, layer=layer, unit=0, size=tuple(images.shape[2:]), steps=2, **values(network))
        assert picture.shape == images.shape and picture.isfinite().all() and picture.std() > 0
