import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from striate.models import create_model
from striate.training import StoppedError, fit_head
from striate.training.head import compute_features

CPU = torch.device("cpu")


@pytest.mark.parametrize("classes", [2, 3])
def test_the_head_is_the_logistic_regression_on_the_features(toy, classes):
    network = create_model("resnet20", num_classes=classes, in_channels=1, seed=0)
    examples = toy(60)
    examples.labels = np.arange(60) % classes
    features = compute_features(network, examples, device=CPU)
    assert features.shape == (60, 64)
    body = {name: tensor.clone() for name, tensor in network.state_dict().items() if not name.startswith("fc.")}
    accuracy = fit_head(network, examples, device=CPU)
    scaled = (features - features.mean(axis=0)) / (features.std() + 1e-6)
    expected = LogisticRegression(C=0.1, max_iter=500).fit(scaled, examples.labels)
    network.eval()
    with torch.no_grad():
        probabilities = network(examples.pictures).softmax(1).numpy()
    assert np.allclose(probabilities, expected.predict_proba(scaled), atol=1e-4)
    assert accuracy == expected.score(scaled, examples.labels)
    for name, tensor in body.items():
        assert torch.equal(network.state_dict()[name], tensor), name


def test_it_stops_when_asked_and_leaves_the_mode(toy, small_network):
    network = small_network("resnet20").train()
    before = network.head.weight.detach().clone()
    with pytest.raises(StoppedError):
        fit_head(network, toy(8), device=CPU, stop=lambda: True)
    assert torch.equal(network.head.weight, before) and network.training


def test_other_heads_are_refused(toy):
    network = create_model("lenet5", seed=0)
    with pytest.raises(TypeError, match="the head is a RBFOutput, expected Linear"):
        fit_head(network, toy(8), device=CPU)
