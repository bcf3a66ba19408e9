"""Environments for peers: each has its own, beside the benchmarks, and sees this one's packages after its own."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

FOLDER = Path(__file__).parent / ".environments"


def prepare(package: str) -> Path:
    """The interpreter of an environment that has a package, made if it is not there; torch is not installed a second time."""
    python = FOLDER / package / "bin" / "python"
    if not python.exists():
        venv.create(FOLDER / package, with_pip=True)
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(packages) / "packages-of-striate.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    environment = os.environ | {"KERAS_BACKEND": "torch"}
    if subprocess.run(
        [python, "-c", f"import {package}"], check=False, capture_output=True, env=environment
    ).returncode:
        print("installing", package, "into", FOLDER / package, flush=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", package], check=True)
    return python
