import torch

from striate.models.class_maps import ClassMaps


def test_by_hand():
    head = ClassMaps(2, 2)
    with torch.no_grad():
        head.convolution.weight.copy_(torch.tensor([[1.0, -1.0], [0.0, 2.0]]).view(2, 2, 1, 1))
        head.convolution.bias.copy_(torch.tensor([1.0, -4.0]))
    maps = torch.tensor([[[[1.0, 2.0, 3.0]], [[4.0, 1.0, 2.0]]]])
    # First class: 1-4+1, 2-1+1, 3-2+1 = -2, 2, 2, so (0 + 2 + 2) / 3. Second: 8-4, 2-4, 4-4, so (4 + 0 + 0) / 3.
    expected = torch.tensor([[4 / 3, 4 / 3]])
    torch.testing.assert_close(head(maps), expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(head(maps.flatten(1)), expected, rtol=1e-6, atol=0)


def test_averaged_maps_would_not_do():
    head = ClassMaps(1, 1)
    torch.nn.init.ones_(head.convolution.weight)
    torch.nn.init.zeros_(head.convolution.bias)
    maps = torch.tensor([-1.0, 3.0]).view(1, 1, 1, 2)
    assert head(maps).item() == 1.5
    assert head(maps.mean(dim=3, keepdim=True)).item() == 1.0


def test_maps_and_vectors_of_any_size():
    head = ClassMaps(5, 3)
    for height, width in ((1, 1), (4, 4), (3, 7)):
        maps = torch.randn(2, 5, height, width)
        torch.testing.assert_close(head(maps.flatten(1)), head(maps), rtol=1e-6, atol=1e-6)
    assert head(torch.zeros(0, 20)).shape == (0, 3)
