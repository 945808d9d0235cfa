"""A small build, made once for all pages, and the samples of data sets."""

import pytest

from tests.face.builds import made
from tests.networks import random_network
from tests.samples.layout import lay_out
from xnorflow.boards.catalogue import find_board
from xnorflow.design import Design
from xnorflow.hw.folding import Folding

SIZES = (16, 16, 8)


@pytest.fixture(scope="session")
def small_build(tmp_path_factory):
    """A function that gives the build's folder, and makes it when it is first asked."""
    folder = tmp_path_factory.mktemp("docs") / "build"

    def build():
        if not folder.exists():
            foldings = (Folding(1, 1), Folding(8, 1))
            made(Design(random_network(SIZES), foldings, find_board("icebreaker"), reweightable=True), folder)
        return folder

    return build


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder with the samples in the layout of the whole data sets."""
    folder = tmp_path_factory.mktemp("docs") / "data"
    with pytest.MonkeyPatch.context() as monkeypatch:
        lay_out(folder, monkeypatch)
    return folder
