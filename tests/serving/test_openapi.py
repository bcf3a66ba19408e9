"""The description that programs read: whole, true, and held to what the server does."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from striate.serving.routes.table import ROUTES


def test_every_route_is_described_and_every_description_leads_to_a_route(server):
    told = server.get("/openapi.json").json()
    described = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    ids = [operation["operationId"] for methods in told["paths"].values() for operation in methods.values()]
    assert len(set(ids)) == len(ids)
    names = [one["name"] for one in told["paths"]["/v2/models/{name}/infer"]["post"]["parameters"]]
    assert names == ["name"]
    assert told["paths"]["/v2/models/{name}"]["get"]["parameters"][0]["schema"]["enum"] == ["striped", "films"]
    references = set(json.dumps(told).split('"#/components/responses/')[1:])
    assert {text.split('"')[0] for text in references} == set(told["components"]["responses"])


@pytest.mark.slow
def test_requests_drawn_from_the_description_find_no_fault(server, tmp_path):
    """schemathesis: valid and invalid requests; statuses, types and bodies as described, and no status of 500."""
    command = Path(sys.executable).with_name("schemathesis")
    if not command.exists() and shutil.which("schemathesis") is None:
        pytest.skip("schemathesis is not installed")
    (tmp_path / "schemathesis.toml").write_text(
        # Bytes that are drawn at random are no pictures, and numbers no tensors of their shape.
        '[checks.positive_data_acceptance]\nexpected-statuses = ["2xx", "400", "404", "413", "415", "422", "429"]\n'
    )
    arguments = [f"{server.address}/openapi.json", "--max-examples=25", "--phases=coverage,fuzzing", "--seed=7"]
    done = subprocess.run(
        [command if command.exists() else "schemathesis", "run", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Tested: 13" in done.stdout
