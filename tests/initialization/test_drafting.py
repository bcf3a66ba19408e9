from striate.initialization import drafting
from striate.models import create_model


def test_drafts_have_no_values_and_the_same_structure():
    with drafting():
        draft = create_model("mobilenet_v2")
    assert all(tensor.is_meta for tensor in (*draft.parameters(), *draft.buffers()))
    real = create_model("mobilenet_v2")
    assert {key: value.shape for key, value in draft.state_dict().items()} == {
        key: value.shape for key, value in real.state_dict().items()
    }
