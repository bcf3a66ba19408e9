from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from striate.models import create_model
from striate.transfer import fit_head
from striate.transfer.head import choose_strength, in_fewer_coordinates, one_scale
from striate.transfer.regression import STRENGTHS


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
    strength = choose_strength(scaled.astype(np.float32), labels, class_weight=weight, seed=0)
    expected = LogisticRegression(C=strength, max_iter=500, tol=1e-8, class_weight=weight).fit(scaled, labels)
    with torch.no_grad():
        probabilities = network(images).softmax(1).numpy()
    assert np.allclose(probabilities, expected.predict_proba(scaled), atol=1e-2)
    assert accuracy == pytest.approx((probabilities.argmax(1) == labels).mean(), abs=1.5 / 60)
    for name, tensor in body.items():
        assert torch.equal(network.state_dict()[name], tensor), name


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_head_on_stages_is_the_logistic_regression_on_what_they_answer_standardised(classes, balanced):
    network = create_model("resnet20", num_classes=classes, in_channels=1, head_stages=["layer1", "layer2"], seed=0)
    images, features = features_of(network)
    labels = np.minimum(np.arange(60) % (2 * classes), classes - 1)
    fit_head(network, features, labels, balanced=balanced)
    scaled = StandardScaler().fit_transform(features.astype(float))
    weight = "balanced" if balanced else None
    strength = choose_strength(scaled.astype(np.float32), labels, class_weight=weight, seed=0)
    expected = LogisticRegression(C=strength, max_iter=5000, tol=1e-8, class_weight=weight).fit(scaled, labels)
    with torch.no_grad():
        probabilities = network(images).softmax(1).numpy()
    assert np.allclose(probabilities, expected.predict_proba(scaled), atol=1e-3)


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


def test_draws_together_weigh_as_much_as_one_picture():
    one, many = (create_model("resnet20", num_classes=3, in_channels=1, seed=0) for _ in range(2))
    _, features = features_of(one)
    labels = np.arange(60) % 3
    fit_head(one, features, labels)
    fit_head(many, np.concatenate([features] * 3), labels, draws=3)
    assert torch.allclose(one.head.weight, many.head.weight, atol=2e-3)


def test_noise_is_held_down_and_signal_is_not():
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 2
    noise = generator.normal(size=(200, 100)).astype(np.float32)
    clear = noise + 3 * labels[:, None].astype(np.float32)
    assert choose_strength(noise, labels, class_weight=None, seed=0) == STRENGTHS[0]
    assert choose_strength(clear, labels, class_weight=None, seed=0) == STRENGTHS[-1]


def test_classes_of_a_picture_or_two_are_no_obstacle():
    network = create_model("resnet20", num_classes=3, in_channels=1, seed=0)
    _, features = features_of(network, 6)
    assert fit_head(network, features, np.array([0, 0, 0, 0, 1, 2])) > 0
    assert choose_strength(features, np.array([0, 0, 1, 1, 2, 2]), class_weight=None, seed=0) in STRENGTHS


def test_turned_vectors_give_the_same_regression():
    generator = np.random.default_rng(0)
    labels = np.arange(60) % 3
    features = one_scale(generator.normal(size=(60, 500)) + 0.3 * np.eye(3, 500)[labels], each=True)
    turned = in_fewer_coordinates(features)
    assert turned.shape[1] <= 60
    assert np.allclose(turned @ turned.T, features @ features.T, atol=1e-3)
    answers = [
        LogisticRegression(C=0.01, max_iter=5000, tol=1e-10).fit(rows[:40], labels[:40]).predict_proba(rows[40:])
        for rows in (features.astype(float), turned.astype(float))
    ]
    assert np.abs(answers[0] - answers[1]).max() < 1e-5


def test_features_are_scaled_together_or_each_by_itself():
    features = np.array([[0.0, 10.0, 7.0], [2.0, 30.0, 7.0]], np.float32)
    assert one_scale(features, each=True).tolist() == [[-1, -1, 0], [1, 1, 0]]
    together = one_scale(features, each=False)
    assert together[1, 1] / together[1, 0] == pytest.approx(10)
