"""The sealed network in torch: for devices that OpenVINO does not serve, and to compare with."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from striate.bundle import Bundle
from striate.errors import BundleError, StriateError, UsageError
from striate.forking import GATE
from striate.models import Network, create_model
from striate.pixels import Preprocessing
from striate.utf8_paths import utf8_path


def build_network(bundle: Bundle) -> Network:
    """The bundle's network with its weights, on the processor, in evaluation mode, without auxiliary heads.

    Raises:
        BundleError: If the weights do not fit the network that the contract names.
    """
    architecture = bundle.contract.architecture
    try:
        network = create_model(**architecture.arguments, auxiliary=False)
        with utf8_path(bundle.weights_path) as readable:
            network.load_state_dict(load_file(readable), strict=True)
        bundle.check_in_place()
    except BundleError:
        raise
    except (StriateError, RuntimeError) as error:
        raise BundleError(f"the weights do not fit the network {architecture.model!r}: {error}") from error
    return network.eval()


class TorchEngine:
    """torch on a device.

    Args:
        bundle: What to run.
        precision: `"fp32"`, or `"bf16"` or `"fp16"` (by automatic mixed precision).
        device: Such as `"cpu"` or `"cuda"`.

    Raises:
        UsageError: If there is no such device here.
    """

    name = "torch"
    batch = 32
    requests = 1  # torch uses all threads for one

    def __init__(self, bundle: Bundle, *, precision: str = "fp32", device: str = "cpu") -> None:
        self.precision = precision
        self._device = torch.device(device)
        if self._device.type == "cuda" and (self._device.index or 0) >= torch.cuda.device_count():
            raise UsageError(f"there is no device {device!r} here: {torch.cuda.device_count()} CUDA devices were found")
        self._process = os.getpid()
        self._network = build_network(bundle).to(self._device).to(memory_format=torch.channels_last)
        self._encoding = bundle.contract.preprocessing

    @torch.inference_mode()
    def infer(self, encoded: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Logits (N, classes) and features (N, d), float32, of encoded items; pictures are (N, H, W, C) uint8.

        Raises:
            UsageError: In a forked process, if the device is a GPU.
        """
        if self._device.type != "cpu" and self._process != os.getpid():
            raise UsageError(
                f"a classifier on {self._device} cannot be used in a forked process; load it there with striate.load, "
                "in a process that multiprocessing.get_context('spawn') started"
            )
        narrow = torch.float16 if self.precision == "fp16" else torch.bfloat16
        with GATE.running(), torch.autocast(self._device.type, dtype=narrow, enabled=self.precision != "fp32"):
            features = self._network.features(self._inputs(encoded))
            logits = self._network.head(features)
        return logits.float().cpu().numpy(), features.float().cpu().numpy()

    def _inputs(self, encoded: npt.NDArray[Any]) -> torch.Tensor:
        """What the network takes; pictures go to the device as bytes, a quarter of what floats are, and are channels-last as they are."""
        if not isinstance(self._encoding, Preprocessing):
            return torch.from_numpy(self._encoding.ready(encoded)).to(self._device)
        images = torch.from_numpy(encoded).to(self._device).permute(0, 3, 1, 2)
        scale, shift = (
            torch.from_numpy(values).reshape(-1, 1, 1).to(self._device) for values in self._encoding.scale_and_shift
        )
        return (images.flip(1) if self._encoding.reverses_channels else images) * scale + shift
