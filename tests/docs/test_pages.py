"""The blocks of each page run, in order."""

import pytest

from tests.docs.pages import PAGES, PageError, read
from tests.docs.workshop import Workshop


def group(path):
    """Pages that want the small build go to the one worker that makes it."""
    return "docs-build" if "<!-- test build" in path.read_text() else path.stem


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=name, marks=pytest.mark.xdist_group(group(path))) for name, path in PAGES.items()]
)
def test_blocks_run(path, small_build, data, tmp_path):
    workshop = Workshop(tmp_path, build=small_build, data=data)
    for block in read(path.read_text()).blocks:
        wrong = None
        try:
            workshop.run(block)
        except PageError as error:
            wrong = f"{path.name}, block of line {block.line}: {error}"
        if wrong:
            pytest.fail(wrong, pytrace=False)
