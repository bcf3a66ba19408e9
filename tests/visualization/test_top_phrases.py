"""The phrases that filters answer to most: by hand, and beside every window worked out one by one."""

import pytest
import torch
from torch.nn import functional

import striate
from striate.errors import UsageError
from striate.models.textcnn import TextCNN, TextCNNConfig
from striate.visualization import top_phrases


def test_by_hand():
    """One filter over two words that adds up the first number of both; another that is never above 0."""
    network = TextCNN(TextCNNConfig(width=1, windows=(2,), filters=2, given=False), num_classes=2, in_channels=5).eval()
    with torch.no_grad():
        network.words.learnt.weight.copy_(torch.tensor([[0.0], [0], [1], [3], [-1]]))
        network.windows.convolutions[0].weight.copy_(torch.tensor([[[1.0, 1.0]], [[0.0, 0.0]]]))
        network.output.weight.copy_(torch.tensor([[0.0, 1.0], [2.0, 0.0]]))
    found = top_phrases(network, [torch.tensor([[2, 3, 4], [2, 2, 4]]), torch.tensor([[4, 4, 3], [4, 2, 3]])], count=3)
    phrases = [(phrase.ids, phrase.activation, phrase.sentence, phrase.sentences) for phrase in found.phrases[0]]
    assert phrases == [((2, 3), 4.0, 0, 2), ((3, 0), 3.0, 2, 1), ((2, 2), 2.0, 1, 1)]
    assert found.phrases[1] == () and found.windows == (2, 2) and found.sentences == 4
    assert found.speaking_for(1, 5) == [0] and found.speaking_for(0, 5) == []


def test_every_window_one_by_one():
    network = striate.create_model("textcnn_rand", in_channels=20, seed=1).eval()
    ids = torch.randint(2, 20, (24, 9), generator=torch.Generator().manual_seed(0))
    found = top_phrases(network, torch.split(ids, 7), count=4)
    for place in (0, 150, 299):
        size = found.windows[place]
        convolution = network.windows.convolutions[size - 3]
        padded = functional.pad(ids, (4, 4))
        best = {}
        for row in padded:
            windows = {}
            for start in range(len(row) - size + 1):
                words = tuple(row[start : start + size].tolist())
                vectors = network.words(torch.tensor([words])).transpose(1, 2)
                windows[words] = convolution(vectors).relu()[0, place % 100, 0].item()
            words = max(windows, key=windows.get)
            best[words] = windows[words]
        expected = sorted(best.values(), reverse=True)[:4]
        assert [phrase.activation for phrase in found.phrases[place]] == pytest.approx(expected, abs=1e-6)
        assert all(best[phrase.ids] == pytest.approx(phrase.activation, abs=1e-6) for phrase in found.phrases[place])


@pytest.mark.parametrize(
    ("row", "batches", "options", "message"),
    [
        (
            "text_lstm",
            [torch.ones(1, 5, dtype=torch.int64)],
            {},
            "TextLSTM has no filters over words: each of its units reads",
        ),
        ("textcnn_rand", [], {}, "there are no sentences to find phrases in"),
        ("textcnn_rand", [], {"count": 0}, "count must be a whole number of at least 1, got 0"),
        ("lenet5", [], {}, "words are asked about of networks for sentences"),
    ],
)
def test_what_has_no_phrases(row, batches, options, message):
    with pytest.raises(UsageError, match=message):
        top_phrases(striate.create_model(row, seed=0), batches, **options)
