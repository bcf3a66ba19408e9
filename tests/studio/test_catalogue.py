"""The catalogue's pages say what the catalogue has."""

import json
import re
import subprocess
import sys

import striate


def test_the_first_time_the_page_is_there_while_they_are_found(empty_studio, monkeypatch):
    monkeypatch.setattr("striate.studio.rooms.catalogue.kept_totals", lambda: None)
    monkeypatch.delitem(empty_studio.studio.kept, "catalogue", raising=False)
    assert 'id="finding"' in empty_studio.page("catalogue")
    assert empty_studio.json("catalogue/found") == {"networks": len(striate.list_models())}
    assert 'id="finding"' not in empty_studio.page("catalogue")


def test_the_list_has_every_network_with_its_figures(empty_studio):
    empty_studio.json("catalogue/found")
    text = empty_studio.page("catalogue")
    names = re.findall(r'<tr data-name="([^"]+)"', text)
    assert names == striate.list_models()
    assert 'data-name="lenet5" data-year="1998" data-parameters="60000" data-macs="326520"' in text


def test_a_network_has_its_drawing_its_table_and_what_differs(empty_studio):
    text = empty_studio.page("catalogue/lenet5")
    assert "(5 · 5 · 1 + 1) · 6 = 156" in text
    assert "Conv 5×5 → 6" in text and '<svg viewBox="0 0' in text
    assert "Differs from the paper: biases start at 0" in text
    assert "partially connected" in text
    korean = empty_studio.page("catalogue/lenet5", "ko")
    assert "수용 영역" in korean and "Receptive field" not in korean


def test_the_layers_are_those_of_inspect(empty_studio):
    text = empty_studio.page("catalogue/googlenet")
    found = striate.inspect("googlenet")
    assert f"{found.parameters:,}" in text and f"{found.macs:,}" in text
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td class="words">', text)
    assert rows == [layer.name for layer in found.layers]


def test_two_are_compared(empty_studio):
    text = empty_studio.page("catalogue/compare?network=lenet5&network=lenet5_dense")
    assert "60,000" in text and "60,850" in text
    assert "EuclideanRBF: now Linear" in text
    assert "Both have the same layers" in empty_studio.page("catalogue/compare?network=lenet5&network=lenet5")


def test_what_is_not_there_is_said(empty_studio):
    answer = empty_studio.get("/studio/catalogue/lenet")
    assert answer.status == 404
    assert "there is no network &#39;lenet&#39;; did you mean lenet5" in answer.body.decode()
    answer = empty_studio.get("/studio/catalogue/compare?network=lenet5")
    assert answer.status == 400
    assert "two networks are compared, got 1" in answer.body.decode()
    assert empty_studio.get("/studio/catalogue/" + "x" * 5000).status == 404


def test_the_list_needs_no_torch_once_it_is_kept(empty_studio):
    empty_studio.page("catalogue")
    program = (
        "import sys; from striate.catalogue import catalogue_totals; import striate.studio.application, json; "
        "print(json.dumps([len(catalogue_totals()), 'torch' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [len(striate.list_models()), False]
