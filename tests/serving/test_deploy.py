"""The files of `deploy/`: readable by those they are for, and true to the server's addresses and options."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def test_the_image_has_no_torch_and_no_root_and_asks_for_its_health():
    lines = (DEPLOY / "Dockerfile").read_text()
    assert re.findall("^FROM (.*)$", lines, re.MULTILINE) == ["python:3.12-slim AS build", "python:3.12-slim"]
    assert re.search(r"^USER 10001$", lines, re.MULTILINE)
    assert "HEALTHCHECK" in lines
    assert "/v2/health/ready" in lines
    assert "torch" not in re.sub("^#.*$", "", lines, flags=re.MULTILINE)
    assert "torch" not in (ROOT / "requirements-serving.txt").read_text()


def test_what_serving_needs_is_the_extra():
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["serve"]
    listed = [
        line.replace('"', "'")
        for line in (ROOT / "requirements-serving.txt").read_text().splitlines()
        if line and line[0] not in "#-"
    ]
    assert sorted(listed) == sorted(extra)


@pytest.mark.parametrize("name", ["compose.yaml", "inference-service.yaml"])
def test_yaml_is_read_and_its_arguments_are_known(name):
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    table = yaml.safe_load((DEPLOY / name).read_text())
    if name == "compose.yaml":
        service = table["services"]["striate"]
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert "--api-keys" in service["command"]
        assert "./keys:/keys:ro" in service["volumes"]
        assert service["read_only"]
    else:
        (container,) = table["spec"]["predictor"]["containers"]
        assert container["readinessProbe"]["httpGet"] == {"path": "/v2/health/ready", "port": 8000}
        assert container["args"] == ["photos=/mnt/models"]


def test_systemd_takes_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    text = (DEPLOY / "striate.service").read_text().replace("/opt/striate/bin/striate", "/bin/true")
    (tmp_path / "striate.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "striate.service"], capture_output=True, text=True, timeout=60
    )
    assert "Unknown" not in done.stderr, done.stderr
