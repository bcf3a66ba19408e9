import torch

from striate.nn import Scale


def test_multiplies():
    assert Scale(0.25)(torch.tensor([4.0, -8.0])).tolist() == [1.0, -2.0]
    assert repr(Scale(0.125)) == "Scale(0.125)"
