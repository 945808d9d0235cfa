"""What the code of the pages finds in its own process: samples in the place of whole data sets."""

import dataclasses
import os
from pathlib import Path

from tests.model.downloads import md5_of
from tests.samples import COUNTS
from xnorflow.boards.link import connection
from xnorflow.cli import main
from xnorflow.model.data import cifar
from xnorflow.model.data.datasets import SOURCES

__all__ = ["prepare", "run"]


def prepare() -> None:
    """Take the samples that ``tests.samples.layout`` laid out in ``XNORFLOW_DATA`` for the originals."""
    for name in COUNTS:
        source = SOURCES[name]
        if source.originals:
            files = (Path(os.environ["XNORFLOW_DATA"]) / source.folder).iterdir()
            SOURCES[name] = dataclasses.replace(source, md5={path.name: md5_of(path) for path in files})
    cifar.IMAGES = COUNTS["cifar-10"]
    # A simulated board takes its time, above all on a busy machine, and its host waits for it.
    connection.TIMEOUT_S = 60.0


def run() -> None:
    """The command line, with the samples."""
    prepare()
    main()
