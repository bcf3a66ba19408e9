import numpy as np
import pytest
import torch

from striate.nn import PatchWhitening
from striate.nn.patch_whitening import EPSILON


def coloured(count=40, channels=3, side=12):
    """Pictures whose neighbouring pixels and channels say the same again."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(count, 1, side + 1, side + 1, generator=generator)
    smooth = images[..., 1:, 1:] + images[..., :-1, 1:] + images[..., 1:, :-1]
    return smooth + 0.3 * torch.randn(count, channels, side, side, generator=generator)


def test_answers_are_white():
    images = coloured()
    layer = PatchWhitening(3, 2)
    layer.fit_patches(images)
    answers = layer(images)[:, :12].detach().movedim(1, 0).flatten(1).double()
    moments = answers @ answers.T / answers.shape[1]
    # Along an eigenvector of value v the mean square is v / (v + epsilon), here all but 1; across, 0.
    assert torch.allclose(moments, torch.eye(12, dtype=torch.float64), atol=0.01)


def test_kernels_are_numpy_s_eigenvectors():
    images = coloured(channels=1)
    layer = PatchWhitening(1, 2)
    layer.fit_patches(images)
    pixels = images.numpy()[:, 0].astype(np.float64)
    patches = np.stack([pixels[:, y : y + 11, x : x + 11] for y in (0, 1) for x in (0, 1)]).reshape(4, -1)
    values, vectors = np.linalg.eigh(patches @ patches.T / patches.shape[1])
    for kernel, value, vector in zip(
        layer.weight[:4].numpy().reshape(4, 4), values[::-1], vectors.T[::-1], strict=True
    ):
        expected = vector * np.sign(vector[np.abs(vector).argmax()]) / np.sqrt(value + EPSILON)
        assert kernel == pytest.approx(expected, abs=1e-5)


def test_each_direction_has_both_signs():
    layer = PatchWhitening(3, 2)
    layer.fit_patches(coloured())
    assert layer.weight.shape == (24, 3, 2, 2)
    assert torch.equal(layer.weight[:12], -layer.weight[12:])


def test_the_bias_alone_learns():
    layer = PatchWhitening(3, 2)
    assert [name for name, _ in layer.named_parameters()] == ["bias"]
    assert not layer.bias.any() and set(layer.state_dict()) == {"weight", "bias"}


def test_before_pictures_the_first_kernels_are_the_identity():
    layer = PatchWhitening(3, 2)
    images = torch.randn(1, 3, 5, 5)
    assert torch.allclose(layer(images)[:, :3], images[..., 1:, 1:]) or torch.allclose(
        layer(images)[:, :3], images[..., :-1, :-1]
    )
    assert layer.weight[3:].abs().max() <= 12**-0.5  # torch's own draw, within 1 / sqrt(fan-in)


def test_resets():
    layer = PatchWhitening(1, 2)
    layer.fit_patches(coloured(channels=1))
    fitted = layer.weight.clone()
    layer.reset_parameters()
    assert not torch.equal(layer.weight, fitted)
