"""Environments for peers: each has its own, beside the benchmarks, and sees this one's packages after its own."""

from __future__ import annotations

import os
import subprocess
import sys
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


def prepare_pinned(name: str, folder: Path) -> Path:
    """The interpreter of an environment in `folder` with exactly what `peers/NAME.txt` pins; it sees this one's packages after its own.

    So torch and what is built on it is that of this environment, and is not installed a second time. Pins are installed without what they
    ask for: they name all of it.
    """
    pins = Path(__file__).parent / "peers" / f"{name}.txt"
    python, done = folder / name / "bin" / "python", folder / name / "installed.txt"
    if python.exists() and done.exists() and done.read_text("utf-8") == pins.read_text("utf-8"):
        return python
    print(f"making the environment of {name} in {folder / name}: once, some minutes", file=sys.stderr, flush=True)
    venv.create(folder / name, with_pip=True, clear=True)
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(packages) / "packages-of-striate.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--ignore-installed", "--requirement", pins]
    installed = subprocess.run(command, check=False, capture_output=True, text=True)
    if installed.returncode:
        sys.exit(f"{pins} cannot be installed: {installed.stderr.strip()[-1000:]}")
    done.write_text(pins.read_text("utf-8"), encoding="utf-8")
    return python
