import pytest

from striate.errors import UsageError
from striate.runs import tournament_request as room
from striate.runs.tournament_request import check_weights


def test_another_file_of_weights_than_it_was_begun_with_is_refused(tmp_path):
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(b"as they were")
    asked = {"weights": str(weights), "weights_sha256": room._digest(weights)}
    assert asked["weights_sha256"] == "2b18b8f73714db4fc3d52027bb87078d7bdf8a904c6a61e6f37e16260669e109"
    check_weights(asked)
    weights.write_bytes(b"others")
    refused = f"{weights} is not the file that the run was started with; put that one back"
    with pytest.raises(UsageError) as caught:
        check_weights(asked)
    assert str(caught.value) == refused
    weights.unlink()
    with pytest.raises(UsageError) as caught:
        check_weights(asked)
    assert str(caught.value) == refused


@pytest.mark.parametrize("weights", [None, "imagenet"])
def test_published_weights_have_a_hash_of_their_own(weights):
    assert room._digest(weights) is None
    check_weights({"weights": weights, "weights_sha256": None})
    check_weights({"weights": weights})  # a record from before it was written down
