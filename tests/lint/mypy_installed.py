"""Type-check the package as it is installed: mypy does not know the folders that pyproject.toml maps into it."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Install a copy of the tree into a scratch folder and run mypy on it."""
    with tempfile.TemporaryDirectory() as scratch:
        # A copy, because setuptools leaves a build folder beside the sources, and ships what is in it the next time.
        source, target = Path(scratch, "source"), Path(scratch, "target")
        ignore = shutil.ignore_patterns(".*", "out", "build", "dist", "*.egg-info", "__pycache__")
        shutil.copytree(ROOT, source, ignore=ignore)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(source)]
        subprocess.run(pip, check=True)
        mypy = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "-p", "xnorflow"]
        cache = ["--cache-dir", str(ROOT / ".mypy_cache")]
        return subprocess.run([*mypy, *cache], cwd=target, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
