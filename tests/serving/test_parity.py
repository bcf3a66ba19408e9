"""Three hundred photographs through the client that everybody has: each gets the label of `striate predict`, whichever way it is sent."""

import base64

import numpy as np
import pytest

import striate

COUNT, AT_ONCE = 300, 50


@pytest.fixture(scope="module")
def bundle(real_data, tmp_path_factory):
    weights = real_data("weights/mobilenet_v2_imagenet_torchvision_names.pth")
    classes, place = [f"class {number}" for number in range(1000)], tmp_path_factory.mktemp("parity") / "photographs"
    return striate.import_weights(weights, "mobilenet_v2", output=place, classes=classes).folder


@pytest.fixture(scope="module")
def paths(real_data):
    found = sorted((real_data("imagenette") / "val").rglob("*.JPEG"))
    return found[:: len(found) // COUNT][:COUNT]


@pytest.fixture(scope="module")
def expected(bundle, paths):
    rows = list(striate.predict(bundle, [str(path) for path in paths], precision="auto"))
    assert len(rows) == COUNT and all(row.error is None for row in rows) and len({row.label for row in rows}) > 20
    return [row.label for row in rows]


@pytest.fixture(scope="module")
def client(run_server, bundle):
    http = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")
    running = run_server([f"photographs={bundle}"])
    with http.InferenceServerClient(running.address.removeprefix("http://")) as client:
        yield client
    running.end()


def ask(client, given, binary_answer):
    import tritonclient.http as http

    outputs = [http.InferRequestedOutput("label", binary_data=binary_answer)]
    labels = client.infer("photographs", [given], outputs=outputs).as_numpy("label")
    return [label.decode() if isinstance(label, bytes) else label for label in labels]


def given_as(name, kind, values, binary):
    import tritonclient.http as http

    given = http.InferInput(name, list(values.shape), kind)
    given.set_data_from_numpy(values, binary_data=binary)
    return given


@pytest.mark.slow
@pytest.mark.parametrize("binary_answer", [True, False])
def test_files(client, paths, expected, binary_answer):
    found = []
    for start in range(0, COUNT, AT_ONCE):
        files = np.array([path.read_bytes() for path in paths[start : start + AT_ONCE]], dtype=np.object_)
        found += ask(client, given_as("picture", "BYTES", files, True), binary_answer)
    assert found == expected


@pytest.mark.slow
def test_files_in_json(client, paths, expected):
    found = []
    for path in paths:  # the client leaves base64, which files need in JSON, to who uses it
        text = np.array([base64.b64encode(path.read_bytes())], dtype=np.object_)
        found += ask(client, given_as("picture", "BYTES", text, False), False)
    assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("binary", [True, False])
def test_pixels(client, paths, expected, binary):
    found = []
    for path in paths:
        pixels = striate.pixels.decode(path)[np.newaxis]
        found += ask(client, given_as("pixels", "UINT8", pixels, binary), binary)
    assert found == expected
