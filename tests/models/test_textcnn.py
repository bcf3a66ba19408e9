"""Kim's network, by hand and against the oracle's counts."""

import numpy as np
import pytest
import torch

import striate
from striate.errors import UsageError
from striate.models import TextNetwork, create_model, list_models, model_row

WORDS = 20
IDS = torch.tensor([[2, 5, 7, 3, 3, 9, 0, 0, 0], [4, 0, 0, 0, 0, 0, 0, 0, 0]])
NAMES = list_models("text")


@pytest.fixture(params=NAMES)
def network(request):
    return create_model(request.param, num_classes=3, in_channels=WORDS, seed=0).eval()


def test_the_names():
    assert NAMES == ["textcnn_rand", "textcnn_static", "textcnn_nonstatic", "textcnn_multichannel", "text_lstm"]
    assert model_row("textcnn").name == "textcnn_rand"
    assert {model_row(name).kind for name in NAMES} == {"text"}
    assert model_row("lenet5").kind == "picture"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        # 360,300 of the convolutions and 602 of the dense layer, as the oracle has them; 18,767 rows of 300.
        ("textcnn_static", 360_300 + 602),
        ("textcnn_rand", 360_300 + 602 + 18_767 * 300),
        ("textcnn_nonstatic", 360_300 + 602 + 18_767 * 300),
        ("textcnn_multichannel", 360_300 + 602 + 18_767 * 300),
        ("text_lstm", 2 * 4 * 150 * (300 + 150 + 2) + 602 + 18_767 * 300),
    ],
)
def test_counts(name, parameters):
    inspection = striate.inspect(name)
    assert inspection.parameters == parameters
    if name.startswith("textcnn"):
        assert inspection.macs == 100 * 300 * (3 * 62 + 4 * 61 + 5 * 60) + 600
        assert inspection.receptive_field == 5


def test_it_answers_what_the_formula_says():
    network = create_model("textcnn_rand", num_classes=2, in_channels=WORDS, seed=0).eval()
    with torch.no_grad():
        network.output.weight.normal_()
        network.output.bias.normal_()
        for convolution in network.windows.convolutions:
            convolution.bias.normal_(0, 0.1)
    table = network.words.learnt.weight.detach().numpy().astype(np.float64)
    for row, logits in zip(IDS.numpy(), network(IDS).detach().numpy(), strict=True):
        sentence = np.concatenate([np.zeros((4, 300)), table[row], np.zeros((4, 300))])
        features = []
        for size, layer in zip((3, 4, 5), network.windows.convolutions, strict=True):
            weight, bias = (tensor.detach().numpy().astype(np.float64) for tensor in (layer.weight, layer.bias))
            answers = [
                np.maximum(0, np.einsum("fwk,kw->f", weight, sentence[at : at + size]) + bias)
                for at in range(len(sentence) - size + 1)
            ]
            features.append(np.max(answers, axis=0))
        head = [tensor.detach().numpy().astype(np.float64) for tensor in (network.output.weight, network.output.bias)]
        np.testing.assert_allclose(logits, head[0] @ np.concatenate(features) + head[1], rtol=1e-4, atol=1e-5)


def test_forward_is_its_parts(network):
    assert isinstance(network, TextNetwork)
    vectors = network.features(IDS)
    assert vectors.shape == (2, network.feature_width)
    assert torch.equal(network.head(vectors), network(IDS))
    assert torch.equal(network.forward_embedded(network.embedded(IDS), IDS), vectors)
    assert network.forward_head(vectors).shape == (2, 3)


def test_filling_up_changes_nothing(network):
    longer = torch.nn.functional.pad(IDS, (0, 7))
    torch.testing.assert_close(network(longer), network(IDS), rtol=1e-5, atol=1e-6)


def test_gradient_reaches_every_parameter_but_the_padding(network):
    network.train().replace_head(3, seed=1)  # the paper's begins at 0
    torch.nn.init.normal_(network.head.weight)
    network(IDS).logsumexp(1).sum().backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []
    for table in network.word_tables:
        assert not table.weight[0].any()
        assert table.weight.grad is None or not table.weight.grad[0].any()


def test_static_vectors_are_no_parameters():
    network = create_model("textcnn_static", num_classes=2, in_channels=WORDS, seed=0)
    assert "words.fixed.weight" in network.state_dict()
    assert "words.fixed.weight" not in dict(network.named_parameters())
    both = create_model("textcnn_multichannel", num_classes=2, in_channels=WORDS, seed=0)
    assert torch.equal(both.words.fixed.weight, both.words.learnt.weight)


def test_the_classes_weights_are_held_to_the_papers_length():
    network = create_model("textcnn_rand", num_classes=2, in_channels=WORDS, seed=0)
    with torch.no_grad():
        network.output.weight[0], network.output.weight[1] = 1.0, 0.01
    network.constrain()
    norms = network.output.weight.detach().norm(dim=1)
    torch.testing.assert_close(norms, torch.tensor([1.5, 0.01 * 300**0.5]))


def test_initial_weights_are_those_of_the_authors_program():
    network = create_model("textcnn_rand", num_classes=2, in_channels=WORDS, seed=0)
    table = network.words.learnt.weight.detach()
    assert 0.24 < float(table.abs().max()) <= 0.25
    assert not table[0].any()
    assert all(0.0099 < float(layer.weight.detach().abs().max()) <= 0.01 for layer in network.windows.convolutions)
    assert not network.output.weight.any()


def test_vectors_are_put_into_every_table():
    network = create_model("textcnn_multichannel", num_classes=2, in_channels=WORDS, seed=0)
    network.set_vectors(torch.tensor([3]), torch.full((1, 300), 0.5))
    assert all(bool((table.weight[3] == 0.5).all()) for table in network.word_tables)


def test_what_is_no_batch_of_ids_is_refused(network):
    with pytest.raises(UsageError, match=r"takes an int64 tensor of shape \(N, words\), got torch.float32 of shape"):
        network(torch.zeros(2, 5))


@pytest.mark.parametrize("name", NAMES)
def test_openvino_answers_the_same(name):
    from striate.conversion import convert_to_openvino
    from striate.openvino_loading import compile_graph

    network = create_model(name, num_classes=2, in_channels=WORDS, seed=0).eval()
    torch.nn.init.normal_(network.head.weight)
    compiled = compile_graph(convert_to_openvino(network, IDS))
    answers = compiled(IDS.numpy())
    with torch.no_grad():
        np.testing.assert_allclose(answers["logits"], network(IDS).numpy(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(answers["features"], network.features(IDS).numpy(), rtol=1e-4, atol=1e-5)
