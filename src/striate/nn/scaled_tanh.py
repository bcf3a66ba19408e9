"""The scaled hyperbolic tangent, the squashing function of LeNet-5."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.nn.arguments import positive_number


class ScaledTanh(nn.Module):
    """`f(a) = amplitude * tanh(slope * a)`, element by element.

    With the paper's constants f(1) = 1 and f(-1) = -1 to five digits, and |f''| is largest there: targets of +1 and -1
    lie where the curve bends most, not where it is flat.

    Args:
        amplitude: The value that f tends to; A in the paper.
        slope: What the input is multiplied by; S in the paper. The slope of f at 0 is `amplitude * slope`.

    Shape:
        Any float tensor; the output has its shape, with values in (-amplitude, amplitude).

    Raises:
        UsageError: A constant is not a finite number above 0.

    Example:
        >>> ScaledTanh()(torch.tensor([-1.0, 0.0, 1.0]))
        tensor([-1.0000,  0.0000,  1.0000])

    Source: LeCun et al. 1998, Eq. 6 and Appendix A.
    """

    def __init__(self, amplitude: float = 1.7159, slope: float = 2 / 3) -> None:
        super().__init__()
        self.amplitude = positive_number("ScaledTanh", "amplitude", amplitude)
        self.slope = positive_number("ScaledTanh", "slope", slope)

    def forward(self, inputs: Tensor) -> Tensor:
        """Squash every element."""
        return self.amplitude * torch.tanh(self.slope * inputs)

    def extra_repr(self) -> str:
        """The constants, for `print(module)`."""
        return f"amplitude={self.amplitude:g}, slope={self.slope:g}"
