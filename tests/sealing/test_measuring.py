import numpy as np
import torch
from torch import nn

from striate.pixels import Preprocessing
from striate.sealing.measuring import network_logits


def test_a_network_answers_large_pictures_a_few_at_a_time():
    class Mean(nn.Module):
        def forward(self, images):
            taken.append(len(images))
            return images.mean((2, 3))

    taken: list[int] = []
    rule = Preprocessing(colour="grey", resize="exact", resize_size=(224, 224), mean=(0.0,), std=(1.0,))
    pixels = np.repeat(np.arange(20, dtype=np.uint8), 224 * 224).reshape(20, 224, 224, 1)
    logits = network_logits(Mean(), rule, pixels)
    assert taken == [8, 8, 4]
    np.testing.assert_allclose(logits[:, 0], np.arange(20) / 255, rtol=1e-5)
    assert torch.is_inference_mode_enabled() is False
