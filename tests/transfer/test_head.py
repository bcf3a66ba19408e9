from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from striate.models import create_model
from striate.transfer import fit_head


def features_of(network, count=60):
    images = torch.randn(count, network.in_channels, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return images, network.eval().features(images).numpy()


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_head_is_the_logistic_regression_on_the_features(classes, balanced):
    network = create_model("resnet20", num_classes=classes, in_channels=1, seed=0)
    images, features = features_of(network)
    labels = np.minimum(np.arange(60) % (2 * classes), classes - 1)
    body = {name: tensor.clone() for name, tensor in network.state_dict().items() if not name.startswith("fc.")}
    accuracy = fit_head(network, features, labels, balanced=balanced)
    scaled = (features.astype(float) - features.astype(float).mean(axis=0)) / (features.astype(float).std() + 1e-6)
    weight = "balanced" if balanced else None
    expected = LogisticRegression(C=0.1, max_iter=500, tol=1e-8, class_weight=weight).fit(scaled, labels)
    with torch.no_grad():
        probabilities = network(images).softmax(1).numpy()
    assert np.allclose(probabilities, expected.predict_proba(scaled), atol=2e-3)
    assert accuracy == expected.score(scaled, labels)
    for name, tensor in body.items():
        assert torch.equal(network.state_dict()[name], tensor), name


def test_balancing_helps_the_rare_class():
    network = create_model("resnet20", num_classes=2, in_channels=1, seed=0)
    images, features = features_of(network)
    labels = (np.arange(60) < 6).astype(int)
    recalls = []
    for balanced in (False, True):
        fit_head(network, features, labels, balanced=balanced)
        with torch.no_grad():
            recalls.append((network(images).argmax(1).numpy()[:6] == 1).mean())
    assert recalls[1] > recalls[0]


def test_other_heads_are_refused():
    network = create_model("lenet5", seed=0)
    with pytest.raises(TypeError, match="the head is a RBFOutput, expected Linear"):
        fit_head(network, np.zeros((4, 84), np.float32), np.array([0, 1, 0, 1]))
