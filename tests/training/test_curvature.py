"""The curvature of weights, against Gauss-Newton matrices from torch's own Jacobians and the paper's sums written out."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, jacrev

from striate.errors import UsageError
from striate.models import create_model
from striate.models.lenet import RBFOutput
from striate.nn import PartialConv2d, ScaledTanh, Subsampling
from striate.training.batches import epoch_batches
from striate.training.checkpoint import load_checkpoint, save_checkpoint
from striate.training.curvature import check_curvature, curvature_sums, renew_curvature, second_derivatives
from striate.training.inputs import Targets
from striate.training.loop import StoppedError, fit
from striate.training.losses import create_loss
from striate.training.recipe import LossConfig, Recipe, merge, read_recipe_table
from striate.training.state import TrainingState

CPU = torch.device("cpu")
MEAN_SQUARES = create_loss(LossConfig(name="lenet_mle"))
CROSS_ENTROPY = create_loss(LossConfig(label_smoothing=0.0))


class Chain(nn.Module):
    """Layers one after the other, as a network of the catalogue answers."""

    def __init__(self, *layers, head):
        super().__init__()
        self.body, self.head = nn.Sequential(*layers), head
        self.double()

    def features(self, images):
        return self.body(images)

    def forward(self, images):
        return self.head(self.features(images))


def drawn(*size, seed=0):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def redraw(network, seed=1):
    for place, parameter in enumerate(network.parameters()):
        parameter.data = drawn(*parameter.shape, seed=seed + place) * 0.6
    return network


def gauss_newton_diagonal(network, ends, pictures, outer):
    """Sum over pictures of J^T H J's diagonal, H the loss's second derivatives by what `ends` answers, J from torch."""
    parameters = {name: value.detach() for name, value in network.named_parameters()}
    sums = {name: torch.zeros_like(value) for name, value in parameters.items()}
    for place in range(len(pictures)):
        jacobians = jacrev(lambda values, place=place: ends(values, pictures[place : place + 1])[0])(parameters)
        for name, jacobian in jacobians.items():
            rows = jacobian.reshape(len(outer[place]), -1)
            sums[name] += (rows * (outer[place] @ rows)).sum(0).reshape(sums[name].shape)
    return sums


def test_it_is_the_gauss_newton_diagonal_of_two_dense_layers_before_distances():
    codes = torch.tensor([[1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]])
    layers = nn.Linear(4, 5), ScaledTanh(), nn.Linear(5, 3), ScaledTanh()
    network = redraw(Chain(*layers, head=RBFOutput(codes)))
    pictures, labels = drawn(6, 4, seed=9), torch.tensor([0, 1, 1, 0, 1, 0])
    found = dict(curvature_sums(network, pictures, Targets(labels), MEAN_SQUARES))

    def ends(values, picture):
        return functional_call(
            network.body, {name.removeprefix("body."): value for name, value in values.items()}, picture
        )

    # The squared distance to the right code: second derivatives 2, and none mixed.
    expected = gauss_newton_diagonal(network, ends, pictures, [2 * torch.eye(3, dtype=torch.float64)] * 6)
    assert found.keys() == expected.keys() and len(found) == 4
    for name, values in found.items():
        assert torch.allclose(values, expected[name], rtol=1e-10, atol=0), name
        assert bool((values > 0).all())


def test_of_one_layer_and_a_softmax_it_is_probability_times_the_rest_times_squared_inputs():
    network = redraw(Chain(nn.Flatten(), head=nn.Linear(4, 3)))
    pictures, labels = drawn(5, 4, seed=2), torch.tensor([0, 2, 1, 1, 0])
    found = dict(curvature_sums(network, pictures, Targets(labels), CROSS_ENTROPY))
    probabilities = network(pictures).detach().softmax(1)
    spread = probabilities * (1 - probabilities)
    assert torch.allclose(found["head.weight"], spread.T @ pictures.square(), rtol=1e-10)
    assert torch.allclose(found["head.bias"], spread.sum(0), rtol=1e-10)


def connections(layer, inputs):
    """(outputs, inputs) each connection's weight, and by parameter (outputs, inputs, ...) which connections share a weight."""
    parameters = {name: value.detach() for name, value in layer.named_parameters()}

    def weights(values):
        return jacrev(lambda given: functional_call(layer, values, given[None])[0])(inputs).flatten(
            start_dim=inputs.ndim
        )

    matrix = weights(parameters)
    outputs = matrix.numel() // inputs.numel()
    shared = jacrev(weights)(parameters)
    return matrix.reshape(outputs, inputs.numel()), {
        name: member.reshape(outputs, inputs.numel(), *parameters[name].shape) for name, member in shared.items()
    }


@pytest.mark.parametrize("squashing", [ScaledTanh, nn.ReLU])
def test_shared_weights_have_the_sum_over_their_connections(squashing):
    convolution, pooling, table = nn.Conv2d(1, 2, 2), Subsampling(2), PartialConv2d(2, [(0,), (0, 1), (1,)], 2)
    layers = [convolution, squashing(), pooling, squashing(), table, squashing()]
    codes = torch.tensor([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])
    network = redraw(Chain(*layers, nn.Flatten(), head=RBFOutput(codes)))
    picture = drawn(1, 1, 5, 5, seed=5)
    found = dict(curvature_sums(network, picture, Targets(torch.tensor([1])), MEAN_SQUARES))
    # The paper's recursion, connection by connection: h(x_j) = sum w_ij^2 h(a_i), h(u_ij) = h(a_i) x_j^2, h(a) = f'^2 h(x).
    given = [picture[0]]
    for layer in layers:
        given.append(layer(given[-1][None])[0].detach())
    back = torch.full((3,), 2.0, dtype=torch.float64)
    for place in (5, 4, 3, 2, 1, 0):
        layer, inputs = layers[place], given[place]
        if isinstance(layer, squashing):
            slopes = jacrev(lambda values, layer=layer: layer(values))(inputs.flatten()).diagonal()
            back = slopes.square() * back
            continue
        matrix, shared = connections(layer, inputs)
        weight = "coefficient" if layer is pooling else "weight"
        of_connection = back[:, None] * inputs.flatten().square()
        expected = torch.einsum("ij,ij...->...", of_connection, (shared[weight] != 0).double())
        assert torch.allclose(found[f"body.{place}.{weight}"], expected, rtol=1e-9), layer
        maps = len(layer.bias)
        assert torch.allclose(found[f"body.{place}.bias"], back.reshape(maps, -1).sum(1), rtol=1e-9)
        back = matrix.square().T @ back


def test_a_maximum_sends_back_to_where_it_was():
    network = redraw(Chain(nn.Conv2d(1, 1, 1), nn.MaxPool2d(2), nn.Flatten(), head=RBFOutput(torch.tensor([[1.0]]))))
    network.body[0].weight.data.fill_(2.0)
    picture = torch.tensor([[[[1.0, 3.0], [2.0, -5.0]]]], dtype=torch.float64)
    found = dict(curvature_sums(network, picture, Targets(torch.tensor([0])), MEAN_SQUARES))
    assert found["body.0.weight"].item() == pytest.approx(2 * 3.0**2)
    assert found["body.0.bias"].item() == pytest.approx(2.0)


def test_second_derivatives_of_the_map_loss_by_hand():
    codes, j = torch.tensor([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]], dtype=torch.float64), 0.7
    ends, labels = (drawn(4, 2) * 0.5).requires_grad_(), torch.tensor([0, 2, 1, 1])
    loss = create_loss(LossConfig(name="lenet_map", lenet_j=j))
    logits = RBFOutput(codes).double()(ends)
    found = second_derivatives(loss(logits, Targets(labels)) * 4, ends)
    # E = y_D + log(e^-j + sum e^-y_i): 2 for y_D; for the logarithm the variance of dy_i/dx, less the mean of the twos.
    weights = torch.cat([logits.detach(), torch.full((4, 1), -j, dtype=torch.float64)], 1).softmax(1)
    slopes = torch.cat([2 * (ends.detach()[:, None] - codes), torch.zeros(4, 1, 2, dtype=torch.float64)], 1)
    means = (weights[..., None] * slopes).sum(1)
    variances = (weights[..., None] * slopes.square()).sum(1) - means.square()
    assert torch.allclose(found, 2 * weights[:, -1:] + variances, rtol=1e-9)


def state_of(toy, **settings):
    recipe = Recipe.from_dict(merge(read_recipe_table("lenet5_1998"), {"schedule": {"epochs": 2}}, settings))
    network = create_model("lenet5", num_classes=2, in_channels=1, seed=0, init=recipe.initialization)
    return TrainingState.begin(network, recipe, total_steps=48), recipe


def divisors(state):
    return [state.optimizer.state[parameter]["divisor"] for parameter in state.network.parameters()]


def test_the_mean_over_the_sample_is_handed_to_the_optimizer(toy):
    state, recipe = state_of(toy)
    examples, loss = toy(24), create_loss(recipe.loss)
    renew_curvature(state, recipe, examples, loss, device=CPU)
    sums = dict(curvature_sums(state.network, examples.pictures, Targets(torch.from_numpy(examples.labels)), loss))
    for (name, _), divisor in zip(state.network.named_parameters(), divisors(state), strict=True):
        assert torch.allclose(divisor, sums[name] / 24 + 0.02, rtol=1e-4)
    assert not any(module._forward_hooks for module in state.network.modules())
    assert state.network.training


def test_500_pictures_are_drawn_anew_for_each_epoch(toy, monkeypatch):
    looked = []
    state, recipe = state_of(toy)
    examples = toy(700)
    plain = examples.pixels
    monkeypatch.setattr(examples, "pixels", lambda positions: looked.extend(positions.tolist()) or plain(positions))
    for epoch in (0, 1):
        state.epoch = epoch
        renew_curvature(state, recipe, examples, create_loss(recipe.loss), device=CPU)
    first, second = looked[:500], looked[500:]
    assert len(set(first)) == len(set(second)) == 500
    assert first != second
    order = np.concatenate([batch.positions for batch in epoch_batches(700, 1, seed=0, epoch=0)])
    assert set(first) != set(order[:500].tolist())


def test_a_run_that_is_stopped_goes_on_to_the_same_bytes(toy, tmp_path):
    whole, recipe = state_of(toy)
    results = list(fit(whole, recipe, toy(24), toy(4), device=CPU))
    assert [round(result.learning_rate, 8) for result in results] == [5e-4, 5e-4]
    stopped, _ = state_of(toy)
    with pytest.raises(StoppedError):
        list(fit(stopped, recipe, toy(24), toy(4), device=CPU, stop=lambda: stopped.step >= 30))
    resumed, _ = state_of(toy)
    load_checkpoint(resumed, save_checkpoint(stopped, tmp_path))
    list(fit(resumed, recipe, toy(24), toy(4), device=CPU))
    for one, other in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(one, other)
    for one, other in zip(divisors(whole), divisors(resumed), strict=True):
        assert torch.equal(one, other)


def test_other_optimizers_need_none(toy):
    network = create_model("resnet20", num_classes=2, in_channels=1)
    recipe = Recipe(model="resnet20")
    state = TrainingState.begin(network, recipe, total_steps=4)
    renew_curvature(state, recipe, toy(8), CROSS_ENTROPY, device=CPU)
    assert not state.optimizer.state


def test_layers_that_the_rule_does_not_reach_are_refused():
    for name in ("lenet5", "lenet5_dense", "lenet5_relu", "linear"):
        check_curvature(create_model(name))
    with pytest.raises(UsageError) as caught:
        check_curvature(create_model("resnet20"))
    assert str(caught.value) == (
        "optimizer 'diagonal_levenberg_marquardt' sends second derivatives back through weighted sums, squashing functions and the "
        "maximum of windows, and ResNet has AdaptiveAvgPool2d, BatchNorm2d, ZeroPaddedIdentity; train it with sgd or adamw, or take lenet5"
    )


def test_a_frozen_first_part_is_refused(toy):
    state, recipe = state_of(toy)
    state.after = "c3"
    with pytest.raises(
        UsageError, match="trains whole networks from random weights; take sgd or adamw for trained ones"
    ):
        renew_curvature(state, recipe, toy(8), CROSS_ENTROPY, device=CPU)
