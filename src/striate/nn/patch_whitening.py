"""A first layer whose kernels are made from patches of the training pictures, and do not learn."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from striate.nn.layer_facts import LayerFacts

EPSILON = 5e-4
"""Added to each variance, so that directions that hardly vary are not blown up."""


class PatchWhitening(nn.Conv2d):
    """A convolution without padding that whitens patches: along each eigenvector of their covariance, and against it.

    Of `in_channels * kernel_size**2` eigenvectors each makes two kernels, of opposite signs, so that an activation that
    follows passes both sides. The weight is a buffer: no optimizer moves it. The bias learns.

    Until `fit_patches` was called, the weight is torch's draw with the identity in the first `in_channels` kernels.

    Args:
        in_channels: Channels of a picture.
        kernel_size: Height and width of a patch, in pixels.

    Shape:
        (N, in_channels, H, W) float -> (N, 2 * in_channels * kernel_size**2, H - kernel_size + 1, W - kernel_size + 1).

    Example:
        >>> layer = PatchWhitening(1, 2)
        >>> layer.fit_patches(torch.rand(50, 1, 16, 16) * 3)
        >>> answer = layer(torch.rand(50, 1, 16, 16) * 3)
        >>> answer.shape, bool(torch.equal(layer.weight[:4], -layer.weight[4:]))
        (torch.Size([50, 8, 15, 15]), True)

    Source: Page 2019, How to Train Your ResNet 8 (patch whitening); Jordan 2024, 94% on CIFAR-10 in 3.29 Seconds,
        section 3.1, and airbench94.py.
    """

    def __init__(self, in_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, 2 * in_channels * kernel_size**2, kernel_size)
        weight = self.weight.detach()
        del self.weight
        self.register_buffer("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """As it is before `fit_patches`; biases of 0."""
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        nn.init.dirac_(self.weight[: self.in_channels])
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def weight_fans(self) -> Iterable[tuple[Tensor, int, int]]:
        """None: pictures make the weight, and no scheme draws it."""
        return ()

    def layer_facts(self, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> LayerFacts:
        """Its kernels are part of it and never trained."""
        return LayerFacts(fixed=self.weight.numel())

    @torch.no_grad()
    def fit_patches(self, images: Tensor) -> None:
        """Makes the kernels from all patches of pictures: eigenvectors of the patches' second moments over the root of their eigenvalues.

        The largest number of each eigenvector is made positive, so that the same pictures make the same kernels.

        Args:
            images: (N, in_channels, H, W) float, as the network is given them.
        """
        size = self.in_channels * self.kernel_size[0] * self.kernel_size[1]
        moments = torch.zeros(size, size, dtype=torch.float64)
        count = 0
        for block in torch.split(images.cpu(), 64):
            patches = nn.functional.unfold(block.float().contiguous(), self.kernel_size)  # (n, size, places)
            moments += torch.einsum("nip,njp->ij", patches, patches).double()
            count += patches.shape[0] * patches.shape[2]
        values, vectors = torch.linalg.eigh(moments / count)  # ascending; a column a vector
        values, vectors = values.flip(0), vectors.T.flip(0)
        largest = vectors.gather(1, vectors.abs().argmax(dim=1, keepdim=True))
        kernels = vectors * largest.sign() / (values.clamp_min(0) + EPSILON).sqrt()[:, None]
        self.weight.copy_(torch.cat([kernels, -kernels]).view_as(self.weight))
