"""Which words spoke: by hand on a network that adds up, against captum's layer form, and where it adds up."""

import pytest
import torch
from captum.attr import LayerIntegratedGradients
from torch import nn

import striate
from striate.errors import UnknownNameError, UsageError
from striate.visualization import (
    WORD_METHODS,
    check_word_explanation,
    explain_words,
    top_phrases,
    word_integrated_gradients,
    word_occlusion,
)
from striate.visualization.word_checks import FEWEST

IDS = torch.tensor([[2, 3, 4, 5, 6, 7, 8, 9, 0, 0]])
ROWS = ("textcnn_rand", "textcnn_multichannel", "text_lstm")


def spoken(row, seed=0):
    """A network whose answers depend on the words: textcnn's own filters begin too small for that, and its head at 0."""
    network = striate.create_model(row, num_classes=3, in_channels=12, seed=seed).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        network.output.weight.copy_(torch.randn(network.output.weight.shape, generator=generator) * 0.1)
        for module in network.modules():
            if isinstance(module, nn.Conv1d):
                module.weight.mul_(20)
    return network


@pytest.fixture(params=ROWS)
def network(request):
    return spoken(request.param)


def by_hand(windows=(1,)):
    """Two filters over one word each, which look at one number of its vector; word 2 is (1, 0), word 3 (0, 2), word 4 (-5, 0.5)."""
    from striate.models.textcnn import TextCNN, TextCNNConfig

    config = TextCNNConfig(width=2, windows=windows, filters=2, given=False)
    network = TextCNN(config, num_classes=2, in_channels=5).eval()
    with torch.no_grad():
        network.words.learnt.weight.copy_(torch.tensor([[0.0, 0], [0, 0], [1, 0], [0, 2], [-5, 0.5]]))
        network.windows.convolutions[0].weight.copy_(torch.eye(2)[:, :, None])
        network.output.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    return network


def test_occlusion_by_hand():
    """Class 0 has the greatest first number, class 1 the greatest second: 1 and 2 of the three words."""
    found = word_occlusion(by_hand(), torch.tensor([[2, 3, 4]]), target=1)
    odds = [torch.tensor(logits).softmax(0)[1].item() for logits in ((0.0, 2.0), (1.0, 0.5), (1.0, 2.0))]
    assert found.probability.tolist() == pytest.approx(odds)
    assert found.unhidden_probability == pytest.approx(torch.tensor([1.0, 2.0]).softmax(0)[1].item())
    assert (found.labels.tolist(), found.unhidden_label, found.target) == ([1, 0, 1], 1, 1)
    assert found.drop()[1] > 0 > found.drop()[0] and found.drop()[2] == 0
    assert found.to_dict()["unhidden"] == {"probability": found.unhidden_probability, "label": 1}


def test_the_ids_of_a_word_are_hidden_together():
    network = by_hand()
    together = word_occlusion(network, torch.tensor([[2, 3, 4]]), target=1, positions=[(0, 2), (), (1,)])
    assert together.probability[0].item() == pytest.approx(torch.tensor([0.0, 2.0]).softmax(0)[1].item())
    assert together.drop()[1] == 0


def test_integrated_gradients_by_hand():
    """The greatest of each filter's answers is the same word all the way: it has the whole of it."""
    shares = word_integrated_gradients(by_hand(), torch.tensor([[2, 3, 4]]), target=1)
    assert shares.tolist() == pytest.approx([0.0, 2.0, 0.0], abs=1e-5)


def test_what_a_hidden_word_leaves_is_what_fills_up():
    network = spoken("textcnn_rand")
    last = word_occlusion(network, IDS, target=0).probability[7]
    shorter = IDS.clone()
    shorter[0, 7] = 0
    assert last.item() == pytest.approx(network(shorter).softmax(1)[0, 0].item(), abs=1e-6)


def test_captums_layer_form_gives_the_same():
    network = spoken("textcnn_rand")
    layer = LayerIntegratedGradients(network, network.words.learnt)
    theirs = layer.attribute(IDS, baselines=torch.zeros_like(IDS), target=2, n_steps=100).sum(2)[0, :8]
    torch.testing.assert_close(
        word_integrated_gradients(network, IDS, target=2).float(), theirs.float(), atol=1e-4, rtol=1e-4
    )


def test_shares_add_up_to_what_the_logit_gained(network):
    shares = word_integrated_gradients(network, IDS, target=1, steps=400)
    with torch.no_grad():
        vectors = network.embedded(IDS)
        empty = network.forward_head(network.forward_embedded(torch.zeros_like(vectors), IDS))
        gained = (network(IDS) - empty)[0, 1].item()
    assert shares.sum().item() == pytest.approx(gained, rel=0.01)
    of_words = word_integrated_gradients(network, IDS, target=1, positions=[range(3), range(3, 8)], steps=400)
    assert of_words.tolist() == pytest.approx([shares[:3].sum().item(), shares[3:].sum().item()], abs=1e-4)


def test_the_network_is_left_as_it_was(network):
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for method in WORD_METHODS:
        explain_words(network, IDS, method)
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("method", WORD_METHODS)
def test_a_test_of_words(network, method):
    check = check_word_explanation(network, IDS, method)
    assert [found.layers for found in check.redrawings] == [
        "the last layer with weights",
        "the later half of its layers",
        "all of its layers",
    ]
    assert all(-1 <= found.rank_correlation <= 1 for found in check.redrawings)
    assert check.curves.deletion[0] == pytest.approx(check.probability, abs=1e-6) == check.curves.insertion[-1]
    assert (check.completeness is not None) == (method == "integrated_gradients")
    told = check.to_dict()
    assert (told["sentences"], told["randomisation"][0]["structural_similarity"]) == (1, None)


def test_a_network_that_answers_the_same_to_everything_has_an_empty_map():
    network = striate.create_model("textcnn_rand", in_channels=12, seed=0)  # its head begins at 0
    check = check_word_explanation(network, IDS, "occlusion")
    assert check.warnings == ("The map is empty: by this method nothing in the sentence speaks for the answer.",)


def test_numbers_that_no_weight_made_fail(monkeypatch):
    """What is the same for every network, such as how long words are, is no explanation."""
    from striate.visualization import word_checks

    network = spoken("textcnn_rand")
    monkeypatch.setattr(word_checks, "explain_words", lambda model, ids, method, **asked: torch.arange(8.0))
    check = check_word_explanation(network, IDS, "occlusion")
    assert not check.passed and check.similarity == pytest.approx(1)
    assert check.warnings[0].startswith("The map hardly depends on what the network has learned")


def test_redrawn_vectors_leave_what_fills_up_at_zero():
    from striate.visualization.redrawing import redrawn, weighted_layers

    network = spoken("textcnn_rand")
    names = weighted_layers(network, IDS)
    assert names[0] == "words.learnt" and names[-1] == "output"
    other = redrawn(network, names, seed=0).words.learnt.weight
    assert not other[0].any() and not torch.equal(other, network.words.learnt.weight)


@pytest.mark.parametrize(
    ("model", "options", "kind", "message"),
    [
        (nn.Linear(2, 2), {}, UsageError, "words are asked about of networks for sentences, .* got Linear"),
        (
            None,
            {"ids": IDS.float()},
            UsageError,
            r"a sentence is an int64 tensor of ids, \(1, words\); got torch.float32",
        ),
        (None, {"ids": IDS.repeat(2, 1)}, UsageError, r"\(1, words\); got torch.int64 of shape \(2, 10\)"),
        (None, {"ids": IDS + 9}, UsageError, r"ids lie in 0\.\.11, got 9 to 18"),
        (None, {"positions": [(10,)]}, UsageError, "the sentence has the positions 0 to 9; got 10"),
        (None, {"target": 3}, UsageError, "a target is a class of the network, 0 to 2; got 3"),
        (None, {"method": "grad_cam"}, UnknownNameError, "unknown method 'grad_cam'"),
        (
            None,
            {"method": "integrated_gradients", "steps": 0},
            UsageError,
            "steps must be a whole number of at least 1",
        ),
    ],
)
def test_what_cannot_be_asked(model, options, kind, message):
    asked = {"ids": IDS, "method": "occlusion"} | options
    with pytest.raises(kind, match=message):
        explain_words(
            spoken("textcnn_rand") if model is None else model, asked.pop("ids"), asked.pop("method"), **asked
        )


def test_few_words_cannot_be_tested():
    with pytest.raises(UsageError, match=f"of 3 words the ranks are alike by chance; a test needs at least {FEWEST}"):
        check_word_explanation(spoken("textcnn_rand"), IDS[:, :3], "occlusion", positions=[(0,), (1,), (2,)])
    with pytest.raises(UsageError, match="scores must be a finite number for each of the 8 words"):
        check_word_explanation(spoken("textcnn_rand"), IDS, "occlusion", scores=torch.zeros(3))


@pytest.mark.parametrize("method", WORD_METHODS)
def test_inference_mode_makes_no_difference(network, method):
    expected = explain_words(network, IDS, method)
    with torch.inference_mode():
        torch.testing.assert_close(explain_words(network, IDS.clone(), method), expected)
        assert check_word_explanation(network, IDS.clone(), method).pictures == 1
        if hasattr(network, "windows"):
            assert top_phrases(network, [IDS.clone()]).sentences == 1
