import pytest
import torch
from sklearn.preprocessing import StandardScaler

from striate.errors import UsageError
from striate.nn import StandardizedLinear


def test_it_is_a_dense_layer_on_standardised_inputs():
    inputs = torch.randn(50, 6, generator=torch.Generator().manual_seed(0)) * torch.arange(1.0, 7) + 100
    inputs[:, 3] = 0.1  # constant: its mean is taken off, and nothing is divided
    layer = StandardizedLinear(6, 2)
    layer.standardize(inputs)
    scaler = StandardScaler().fit(inputs.double().numpy())
    assert torch.allclose(layer.mean.double(), torch.from_numpy(scaler.mean_), rtol=1e-6)
    assert torch.allclose(layer.deviation.double(), torch.from_numpy(scaler.scale_), rtol=1e-6)
    scaled = torch.from_numpy(scaler.transform(inputs.double().numpy())).float()
    expected = torch.nn.functional.linear(scaled, layer.weight, layer.bias)
    assert torch.allclose(layer(inputs), expected, atol=1e-4)


def test_mean_and_deviation_travel_with_the_weights_and_do_not_learn():
    layer, other = StandardizedLinear(2, 1), StandardizedLinear(2, 1)
    layer.standardize(torch.tensor([[0.0, 1.0], [2.0, 5.0]]))
    other.load_state_dict(layer.state_dict())
    assert other.mean.tolist() == [1, 3] and other.deviation.tolist() == [1, 2]
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]


def test_inputs_of_another_width_are_refused():
    with pytest.raises(UsageError, match=r"takes inputs of shape \(n, 2\), got \(4, 3\)"):
        StandardizedLinear(2, 1).standardize(torch.zeros(4, 3))
