"""The Open Inference Protocol: tensors in JSON and in bytes, by hand and by the client that everybody has."""

import base64
import json
import struct

import numpy as np
import pytest

import striate


@pytest.fixture(scope="module")
def classifier(finished_run):
    return striate.load(finished_run.folder, precision="auto")


def as_blob(elements):
    return b"".join(struct.pack("<I", len(one)) + one for one in elements)


def picture_input(count, size):
    return {"name": "picture", "datatype": "BYTES", "shape": [count], "parameters": {"binary_data_size": size}}


def test_files_as_bytes_give_all_outputs(server, classifier, picture_files):
    files = [data for _, data in picture_files]
    blob = as_blob(files)
    reply = server.infer("striped", {"id": "7", "inputs": [picture_input(len(files), len(blob))]}, blob)
    told = reply.json()
    assert reply.status == 200
    assert (told["id"], told["model_name"], told["model_version"]) == ("7", "striped", classifier.bundle.digest[:12])
    outputs = {one["name"]: one for one in told["outputs"]}
    assert [*outputs] == ["label", "probability", "probabilities", "logits", "features", "abstained"]
    assert outputs["label"]["data"] == list(classifier.predict(files))
    probabilities = np.array(outputs["probabilities"]["data"]).reshape(outputs["probabilities"]["shape"])
    assert probabilities == pytest.approx(classifier.predict_proba(files), abs=1e-6)
    assert outputs["probability"]["data"] == list(probabilities.max(axis=1))
    logits = np.array(outputs["logits"]["data"]).reshape(outputs["logits"]["shape"])
    assert logits == pytest.approx(classifier.decision_function(files), abs=1e-4)
    assert outputs["features"]["shape"] == [len(files), classifier.features(files).shape[1]]
    assert outputs["abstained"]["data"] == [False] * len(files)


def test_json_holds_files_in_base64_pixels_as_lists_and_prepared_floats(server, classifier, picture_files):
    data = picture_files[0][1]
    prepared = classifier.contract.preprocessing.ready(classifier.contract.preprocessing.encode(data)[np.newaxis])
    pixels = striate.pixels.decode(data)
    asked = [{"name": "logits"}]
    inputs = [
        {"name": "picture", "datatype": "BYTES", "shape": [1, 1], "data": [[base64.b64encode(data).decode()]]},
        {"name": "pixels", "datatype": "UINT8", "shape": [1, *pixels.shape], "data": pixels[np.newaxis].tolist()},
        {"name": "pixels", "datatype": "UINT8", "shape": [1, *pixels.shape], "data": pixels.reshape(-1).tolist()},
        {"name": "prepared", "datatype": "FP32", "shape": list(prepared.shape), "data": prepared.reshape(-1).tolist()},
    ]
    for given in inputs:
        reply = server.infer("striped", {"inputs": [given], "outputs": asked})
        assert reply.status == 200, reply.body
        assert reply.json()["outputs"][0]["data"] == pytest.approx(classifier.decision_function(data)[0], abs=0.02)


def test_answers_as_bytes_lie_behind_the_json_in_the_order_asked_for(server, classifier, picture_files):
    data = picture_files[0][1]
    blob = as_blob([data])
    asked = [{"name": "label", "parameters": {"binary_data": True}}, {"name": "probability"}, {"name": "logits"}]
    table = {
        "inputs": [picture_input(1, len(blob))],
        "outputs": asked,
        "parameters": {"binary_data_output": True},
    }
    asked[1]["parameters"] = {"binary_data": False}
    reply = server.infer("striped", table, blob)
    length = int(reply.headers["Inference-Header-Content-Length"])
    label, probability, logits = json.loads(reply.body[:length])["outputs"]
    assert reply.headers["Content-Type"] == "application/octet-stream"
    name = classifier.predict(data)[0].encode()
    size = label["parameters"]["binary_data_size"]
    assert reply.body[length : length + size] == struct.pack("<I", len(name)) + name
    assert "data" in probability
    values = np.frombuffer(reply.body[length + size :], "<f4")
    assert values == pytest.approx(classifier.decision_function(data)[0], abs=1e-4)
    assert logits["parameters"] == {"binary_data_size": values.nbytes}


GOOD = {"name": "pixels", "datatype": "UINT8", "shape": [1, 2, 2, 3], "data": [0] * 12}


@pytest.mark.parametrize(
    ("table", "status", "said"),
    [
        ({}, 400, "`inputs` must be a list of objects"),
        ({"inputs": [1]}, 400, "`inputs` must be a list of objects"),
        ({"inputs": []}, 400, "expected one input, 'picture' or 'pixels' or 'prepared', got 0"),
        ({"inputs": [GOOD, GOOD]}, 400, "expected one input"),
        ({"inputs": [GOOD | {"name": "pixel"}]}, 400, "there is no input 'pixel'; did you mean 'pixels'?"),
        ({"inputs": [GOOD | {"name": 7}]}, 400, "there is no input 7; expected 'picture'"),
        ({"inputs": [GOOD | {"datatype": "INT8"}]}, 400, "input 'pixels': datatype must be UINT8, got 'INT8'"),
        ({"inputs": [GOOD | {"shape": [1, 2, 2]}]}, 400, "shape must be [-1, -1, -1, -1]"),
        ({"inputs": [GOOD | {"shape": [-1, 2, 2, 3]}]}, 400, "shape must be a list of 1 to 8 whole numbers"),
        ({"inputs": [GOOD | {"shape": [True, 2, 2, 3]}]}, 400, "shape must be a list"),
        ({"inputs": [GOOD | {"shape": [2**40, 2, 2, 3]}]}, 400, "shape must be a list"),
        ({"inputs": [GOOD | {"shape": [0, 2, 2, 3], "data": []}]}, 400, "where -1 is any number from 1 on"),
        ({"inputs": [GOOD | {"shape": [1000, 2, 2, 3]}]}, 413, "has 1,000 items, more than the limit of 256"),
        (
            {"inputs": [GOOD | {"data": [0] * 11}]},
            400,
            "expected 12 values of UINT8 for the shape [1, 2, 2, 3], got 11",
        ),
        ({"inputs": [GOOD | {"data": [256] * 12}]}, 400, "got values outside 0 to 255"),
        ({"inputs": [GOOD | {"data": ["0"] * 12}]}, 400, "got values that are no such numbers"),
        ({"inputs": [GOOD | {"data": [0.5] * 12}]}, 400, "got values that are no such numbers"),
        ({"inputs": [GOOD | {"data": [[0], [0, 0]]}]}, 400, "the lists of data are of unequal lengths"),
        ({"inputs": [GOOD | {"data": [[0] * 6] * 2}]}, 400, "got data nested as [2, 6]"),
        ({"inputs": [GOOD | {"data": [10**400] * 12}]}, 400, "got values that are no such numbers"),
        ({"inputs": [{k: v for k, v in GOOD.items() if k != "data"}]}, 400, "has neither data nor binary_data_size"),
        ({"inputs": [GOOD | {"parameters": 1}]}, 400, "`parameters` of input 'pixels' must be an object"),
        (
            {"inputs": [GOOD | {"parameters": {"binary_data_size": 12}}]},
            400,
            "must be the 0 bytes that follow the JSON",
        ),
        ({"inputs": [GOOD], "id": 7}, 400, "`id` must be a text"),
        ({"inputs": [GOOD], "outputs": [{"name": "labels"}]}, 400, "no output 'labels'; did you mean 'label'?"),
        ({"inputs": [GOOD], "outputs": [{"name": "label"}] * 2}, 400, "an output is asked for twice"),
        ({"inputs": [GOOD], "parameters": {"binary_data_output": 1}}, 400, "must be true or false, got 1"),
        (
            {"inputs": [GOOD], "outputs": [{"name": "label", "parameters": {"classification": 2}}]},
            400,
            "the classification extension is not offered",
        ),
        (
            {"inputs": [{"name": "picture", "datatype": "BYTES", "shape": [1], "data": ["***"]}]},
            400,
            "in JSON a file must be given in base64",
        ),
        ({"inputs": [{"name": "picture", "datatype": "BYTES", "shape": [1], "data": [7]}]}, 400, "no list of texts"),
        ({"inputs": [{"name": "picture", "datatype": "BYTES", "shape": [2], "data": [""]}]}, 400, "got 1"),
        (
            {"inputs": [{"name": "picture", "datatype": "BYTES", "shape": [1], "data": [""]}]},
            422,
            "picture 0: the file is empty",
        ),
    ],
)
def test_a_request_that_makes_no_sense_says_what_was_expected(server, table, status, said):
    reply = server.infer("striped", table)
    assert reply.status == status, reply.body
    assert said in reply.json()["error"]


@pytest.mark.parametrize(
    ("body", "length", "said"),
    [
        (b"", None, "the body is no JSON"),
        (b"[1]", None, "the body must be a JSON object"),
        (b'{"inputs": NaN}', None, "NaN is no JSON number"),
        (b"[" * 100_000, None, "lists and objects inside one another too deeply"),
        (b"{}", "3", "must be a number of bytes from 0 to the body's 2, got '3'"),
        (b"{}", "-1", "must be a number of bytes"),
        (b"{}", "+1", "must be a number of bytes"),
        (b"{}", "1_0", "must be a number of bytes"),
        (b"{}", "9" * 5000, "must be a number of bytes"),
        (b"{}", "0", "the body is no JSON"),
    ],
)
def test_lengths_and_bodies_are_not_believed(server, body, length, said):
    headers = {} if length is None else {"Inference-Header-Content-Length": length}
    reply = server.ask("POST", "/v2/models/striped/infer", body, headers)
    assert reply.status == 400
    assert said in reply.json()["error"]


@pytest.mark.parametrize(
    ("blob", "said"),
    [
        (b"\xff\xff\xff\xff", "element 0 leads beyond the end"),
        (b"\x01\x00", "element 0 leads beyond the end"),
        (struct.pack("<I", 1) + b"a" + struct.pack("<I", 1) + b"b", "got more"),
        (b"", "got 0"),
    ],
)
def test_lengths_of_elements_are_not_believed(server, blob, said):
    table = {"inputs": [picture_input(1, len(blob))]}
    text = json.dumps(table).encode()
    reply = server.ask(
        "POST", "/v2/models/striped/infer", text + blob, {"Inference-Header-Content-Length": str(len(text))}
    )
    assert (reply.status, said in reply.json()["error"]) == (400, True), reply.body


def test_floats_that_are_not_finite_are_refused(server, classifier):
    encoding = classifier.contract.preprocessing
    shape = [1, *encoding.ready(np.zeros((1, *encoding.shape), np.uint8)).shape[1:]]
    values = np.full(shape, np.inf, "<f4")
    given = {"name": "prepared", "datatype": "FP32", "shape": shape, "parameters": {"binary_data_size": values.nbytes}}
    reply = server.infer("striped", {"inputs": [given]}, values.tobytes())
    assert (reply.status, reply.json()["error"]) == (400, "input 'prepared' has values that are not finite")


@pytest.fixture(scope="module")
def client(server):
    http = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")
    with http.InferenceServerClient(server.address.removeprefix("http://"), concurrency=32) as client:
        yield client


class TestTritonClient:
    """What tritonclient sends, which names no type of what it sends, and takes 200 alone for success."""

    def test_it_finds_the_server_and_the_model(self, client, classifier):
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("striped")
        version = classifier.bundle.digest[:12]
        assert client.is_model_ready("striped", version)
        assert not client.is_model_ready("spots")
        assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
        metadata = client.get_model_metadata("striped", version)
        assert metadata["versions"] == [version]
        assert metadata["properties"]["contract_digest"] == classifier.bundle.digest
        assert [one["name"] for one in metadata["inputs"]] == ["picture", "pixels", "prepared"]

    @pytest.mark.parametrize("packed", [None, "gzip", "deflate"])
    @pytest.mark.parametrize("binary", [True, False])
    def test_it_gets_the_labels_of_predict(self, client, classifier, picture_files, packed, binary):
        import tritonclient.http as http

        files = [data for _, data in picture_files]
        given = http.InferInput("picture", [len(files)], "BYTES")
        given.set_data_from_numpy(np.array(files, dtype=np.object_))
        outputs = [http.InferRequestedOutput(name, binary_data=binary) for name in ("label", "probabilities")]
        for asked in (outputs, None):
            answer = client.infer(
                "striped", [given], outputs=asked, request_id="a b", request_compression_algorithm=packed
            )
            labels = [name.decode() if isinstance(name, bytes) else name for name in answer.as_numpy("label")]
            assert labels == list(classifier.predict(files))
            assert answer.as_numpy("probabilities") == pytest.approx(classifier.predict_proba(files), abs=1e-6)
            assert answer.get_response()["id"] == "a b"

    def test_many_pixels_at_once(self, client, classifier, picture_files):
        import tritonclient.http as http

        waiting = []
        for _, data in picture_files * 4:
            pixels = striate.pixels.decode(data)[np.newaxis]
            given = http.InferInput("pixels", list(pixels.shape), "UINT8")
            given.set_data_from_numpy(pixels)
            waiting.append(client.async_infer("striped", [given]))
        labels = [answer.get_result().as_numpy("label")[0].decode() for answer in waiting]
        assert labels == list(classifier.predict([data for _, data in picture_files])) * 4

    def test_it_reads_why_not(self, client):
        import tritonclient.http as http
        from tritonclient.utils import InferenceServerException

        given = http.InferInput("pixel", [1], "UINT8")
        given.set_data_from_numpy(np.zeros(1, np.uint8))
        with pytest.raises(InferenceServerException, match="there is no input 'pixel'; did you mean 'pixels'"):
            client.infer("striped", [given])
