"""Run the fast half of the tests on the newest Python that the project names, with the newest dependencies.

``python tests/newest.py [OPTIONS OF PYTEST]``, or ``make test-newest``. Needs only the standard library.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["candidates", "find_python", "named_versions"]

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-newest"

FAST = ("tests/model", "tests/hw", "tests/importers", "tests/sim/test_verify.py", "tests/face/test_cli.py")
"""What leans most on Python, numpy, torch, Amaranth, onnx and cocotb, and takes minutes, not a quarter of an hour."""

REMEDY = "to run: install it, or make test-newest PYTHON_NEWEST=PATH"


def main(options: list[str]) -> int:
    """Find the Python, install the project with whatever pip takes, run, and say in the last line what it was."""
    newest = named_versions()[-1]
    found = find_python()
    if found is None and _asked():
        sys.exit(f"test-newest: PYTHON_NEWEST must be a Python of {' or '.join(named_versions())}, not {_asked()!r}")
    if found is None:
        print(f"left out: all of them, as no Python of {' or '.join(named_versions())} is here; {REMEDY}")
        return 0
    python, version = found
    _install(python, version)
    python_of_venv = VENV / "bin" / "python"
    command = [python_of_venv, "-m", "pytest", "-m", "not slow", "-n", "2", "--dist", "loadgroup"]
    status = subprocess.run([*command, *(options or FAST)], cwd=ROOT, check=False).returncode
    print(f"test-newest: ran on Python {version} with {_versions(python_of_venv)}")
    if version != newest:
        print(f"left out: Python {newest}, which is not here; {REMEDY}")
    return status


def named_versions() -> list[str]:
    """Versions of Python that the project names, oldest first: ``["3.11", ...]``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = re.findall(r"^Programming Language :: Python :: (3\.\d+)$", "\n".join(project["classifiers"]), re.MULTILINE)
    return sorted(found, key=lambda version: int(version.partition(".")[2]))


def find_python() -> tuple[str, str] | None:
    """The newest Python of a version that the project names, and its version; None where there is none."""
    if _asked():
        version = _version(_asked())
        return (_asked(), version) if version in named_versions() else None
    for version in reversed(named_versions()):
        for python in candidates(version):
            if _version(python) == version:
                return python, version
    return None


def candidates(version: str) -> Iterator[str]:
    """Programs that may be Python of that version: on the path, and of pyenv."""
    for folder in os.get_exec_path():
        found = shutil.which(f"python{version}", path=folder)
        if found:
            yield found
    # This Python may be one of pyenv's, too, whose others lie beside it.
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for folder in {pyenv: None, Path(sys.base_prefix).parent: None}:
        yield from sorted(map(str, folder.glob(f"{version}.*/bin/python")), key=_numbers, reverse=True)
    yield sys.executable


def _numbers(path: str) -> list[int]:
    """3.13.10 is newer than 3.13.9."""
    return [int(number) for number in re.findall(r"\d+", path)]


def _asked() -> str:
    return os.environ.get("PYTHON_NEWEST", "")


def _version(python: str) -> str | None:
    """``3.13``, or None: pyenv leaves programs on the path that only say that there is none."""
    program = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _install(python: str, version: str) -> None:
    """An environment with the newest of everything; pins that were meant for another one do not count."""
    if _version(str(VENV / "bin" / "python")) != version:
        subprocess.run([python, "-m", "venv", "--clear", VENV], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    pip = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip"], check=True, env=environment)
    newest = ["--upgrade", "--upgrade-strategy", "eager"]
    subprocess.run([*pip, *newest, "-e", f"{ROOT}[dev]"], check=True, env=environment)


def _versions(python: Path) -> str:
    """The versions that matter, as pip took them."""
    names = ("numpy", "torch", "safetensors", "amaranth", "cocotb", "onnx", "qonnx")
    program = (
        f"from importlib.metadata import version; print(*(name + ' ' + version(name) for name in {names}), sep=', ')"
    )
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
