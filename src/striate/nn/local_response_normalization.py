"""Local response normalisation, across neighbouring maps."""

from __future__ import annotations

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from striate.errors import UsageError
from striate.nn.arguments import positive_number, whole_number


class LocalResponseNormalization(nn.Module):
    """`b[i] = a[i] / (k + alpha * sum a[j]²) ** beta`, j over the `size` maps around i, at each pixel by itself.

    Beyond the first and the last map there is nothing to sum. Half-precision inputs are summed in float32, where their
    squares have room, and answered in their own precision.

    Two formulas go by this name. The paper's, as printed, has `alpha` before the sum; Caffe, cuda-convnet and
    `torch.nn.LocalResponseNorm` divide it by `size`, which makes it `alpha` before the mean. Asking for the division
    therefore says which is meant; the default is the paper's formula with the paper's constants.

    Args:
        size: How many maps are summed, the map itself in the middle: an odd number; n in the paper.
        alpha: What the sum of squares is multiplied by, above 0.
        beta: The power, above 0.
        k: What is added to the sum, above 0.
        alpha_divided_by_size: Whether the multiplier is `alpha / size`.

    Shape:
        (N, C, H, W) or (C, H, W) float -> the same.

    Raises:
        UsageError: `size` is not an odd whole number of at least 1, or a constant is not a finite number above 0.

    Example:
        >>> layer = LocalResponseNormalization(3, alpha=1.0, beta=1.0, k=1.0)
        >>> layer(torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)).flatten()  # 1/(1+1+4), 2/(1+1+4+9), 3/(1+4+9)
        tensor([0.1667, 0.1333, 0.2143])

    Source: Krizhevsky et al. 2012, section 3.3.
    """

    def __init__(
        self,
        size: int = 5,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 2.0,
        *,
        alpha_divided_by_size: bool = False,
    ) -> None:
        super().__init__()
        self.size = whole_number("LocalResponseNormalization", "size", size)
        if self.size % 2 == 0:
            raise UsageError(
                "LocalResponseNormalization: size must be odd, so that a map has as many neighbours before as after it, "
                f"got {size}"
            )
        self.alpha = positive_number("LocalResponseNormalization", "alpha", alpha)
        self.beta = positive_number("LocalResponseNormalization", "beta", beta)
        self.k = positive_number("LocalResponseNormalization", "k", k)
        self.alpha_divided_by_size = alpha_divided_by_size

    def forward(self, inputs: Tensor) -> Tensor:
        """Divide each element by what its neighbours answer."""
        maps = _with_room(inputs)
        # Shifted copies are added, which every engine and exporter can do. Counting their ends from the back keeps the
        # number of maps out of the graph.
        half = self.size // 2
        squares = functional.pad(maps.square(), (0, 0, 0, 0, half, half))
        sums = squares[..., : 1 - self.size or None, :, :]
        for shift in range(1, self.size):
            sums = sums + squares[..., shift : shift + 1 - self.size or None, :, :]
        multiplier = self.alpha / self.size if self.alpha_divided_by_size else self.alpha
        return (maps * (self.k + multiplier * sums).pow(-self.beta)).to(inputs.dtype)

    def extra_repr(self) -> str:
        """The constants, for `print(module)`."""
        alpha = f"{self.alpha:g}" + (f" / {self.size}" if self.alpha_divided_by_size else "")
        return f"size={self.size}, alpha={alpha}, beta={self.beta:g}, k={self.k:g}"


@fx.wrap  # a graph of a network calls it as it is, instead of tracing into its comparison
def _with_room(inputs: Tensor) -> Tensor:
    return inputs.float() if inputs.dtype in (torch.float16, torch.bfloat16) else inputs
