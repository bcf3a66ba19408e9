"""The convolutional LSTM: a memory for each pixel, which sees its neighbours through convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.nn.arguments import whole_number


class ConvLSTMCell(nn.Module):
    """One step of a convolutional LSTM with peepholes: the next hidden maps H and cell maps C of a frame X and those before it.

        i = sigmoid(Wxi * X + Whi * H + Wci . C + bi)          the input gate
        f = sigmoid(Wxf * X + Whf * H + Wcf . C + bf)          the forget gate
        C' = f . C + i . tanh(Wxc * X + Whc * H + bc)
        o = sigmoid(Wxo * X + Who * H + Wco . C' + bo)         the output gate, which sees the new C
        H' = o . tanh(C')

    `*` is a convolution, padded by zeros so that the size stays, and `.` a product element by element: the peepholes have a weight
    for each pixel of each map. All convolutions are computed as one, of X and H together, to the four in the order i, f, C, o.

    Args:
        in_channels: Maps of a frame.
        hidden_channels: Maps of H and of C, K.
        kernel_size: Of all convolutions: an odd number of pixels.
        size: Height and width of a frame, which the peepholes are made for.

    Shape:
        (N, in_channels, height, width) float, and H and C of the step before, each (N, K, height, width); without them zeros, as at
        the first frame -> the new H and C.

    Raises:
        UsageError: A size is not a whole number of at least 1, `kernel_size` is even, or a frame has another size.

    Example:
        >>> cell = ConvLSTMCell(1, 8, 3, size=(16, 16))
        >>> hidden, memory = cell(torch.zeros(2, 1, 16, 16))
        >>> hidden.shape, sum(weight.numel() for weight in cell.parameters()) == 4 * (9 * (1 + 8) * 8 + 8) + 3 * 8 * 16 * 16
        (torch.Size([2, 8, 16, 16]), True)

    Source: Shi et al. 2015, Convolutional LSTM Network, Eq. 3.
    """

    def __init__(self, in_channels: int, hidden_channels: int, kernel_size: int = 3, *, size: Sequence[int]) -> None:
        super().__init__()
        name = type(self).__name__
        self.in_channels = whole_number(name, "in_channels", in_channels)
        self.hidden_channels = whole_number(name, "hidden_channels", hidden_channels)
        kernel_size = whole_number(name, "kernel_size", kernel_size)
        if kernel_size % 2 == 0:
            raise UsageError(f"{name}: kernel_size must be odd, so that the maps keep their size, got {kernel_size}")
        if len(size) != 2:
            raise UsageError(f"{name}: size must be a height and a width, got {size!r}")
        height, width = (whole_number(name, what, value) for what, value in zip(("height", "width"), size, strict=True))
        self.size = (height, width)
        self.convolution = nn.Conv2d(
            self.in_channels + self.hidden_channels, 4 * self.hidden_channels, kernel_size, padding=kernel_size // 2
        )
        # Drawn by nobody: without peepholes the cell is that of the paper's references, and learning opens them.
        self.input_peephole = nn.Parameter(torch.zeros(self.hidden_channels, height, width))
        self.forget_peephole = nn.Parameter(torch.zeros(self.hidden_channels, height, width))
        self.output_peephole = nn.Parameter(torch.zeros(self.hidden_channels, height, width))
        self.input_gate, self.forget_gate, self.output_gate = nn.Sigmoid(), nn.Sigmoid(), nn.Sigmoid()
        self.candidate, self.squash = nn.Tanh(), nn.Tanh()

    def reset_parameters(self) -> None:
        """Closes the peepholes again; the convolution is a layer of its own."""
        for peephole in (self.input_peephole, self.forget_peephole, self.output_peephole):
            nn.init.zeros_(peephole)

    def forward(self, frame: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The new hidden maps and cell maps."""
        if tuple(frame.shape[1:]) != (self.in_channels, *self.size):
            expected = f"(N, {self.in_channels}, {self.size[0]}, {self.size[1]})"
            raise UsageError(f"{type(self).__name__} takes a frame of shape {expected}, got {tuple(frame.shape)}")
        if state is None:
            # shape[0] and not len: in a trace the batch stays free
            nothing = frame.new_zeros(frame.shape[0], self.hidden_channels, *self.size)
            state = nothing, nothing
        hidden, memory = state
        of_input, of_forget, of_memory, of_output = self.convolution(torch.cat([frame, hidden], dim=1)).chunk(4, dim=1)
        let_in = self.input_gate(of_input + self.input_peephole * memory)
        kept = self.forget_gate(of_forget + self.forget_peephole * memory)
        memory = kept * memory + let_in * self.candidate(of_memory)
        let_out = self.output_gate(of_output + self.output_peephole * memory)
        return let_out * self.squash(memory), memory
