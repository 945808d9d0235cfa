"""Builds of small networks, verified again at any level; for tests of what a build folder holds."""

import json

from tests.networks import random_images
from xnorflow.build import build, record_hashes
from xnorflow.build_file import write_build
from xnorflow.design import BUILD_FILE, open_design
from xnorflow.verification import verify_level

__all__ = ["ODD", "made", "quiet", "rehash", "verified"]

ODD = "a \"b\" 'c' #1: $(touch d); `touch e`, größe 日"
"""Name of a folder that no tool may stumble over."""


def quiet(_text, _done, _total):
    """Progress that is told to no one."""


def made(design, folder, *, images=6):
    """The folder, with the design built in it."""
    build(
        design,
        folder,
        images=random_images(design.network, images),
        labels=None,
        dataset="random",
        simulator="icarus",
        seed=0,
        on_progress=quiet,
    )
    return folder


def verified(folder, level, *, images=6, simulator="icarus"):
    """The report of a verification."""
    design, result = open_design(folder)
    options = {"simulator": simulator, "seed": 0, "waves": False, "on_progress": quiet}
    return verify_level(folder, design, result, random_images(design.network, images), level=level, **options)


def rehash(folder):
    """Make a changed build look as though it had been made so."""
    result = json.loads((folder / BUILD_FILE).read_text())
    record_hashes(result, folder)
    write_build(folder, result)
