"""Download the whole data sets that tests ask for, where they are not here and a network is.

``python -m tests.fetch``. Without a network it says so within seconds, and is content.
"""

import os
import sys
import threading
import time
import urllib.request
from collections.abc import Iterable

from tests.needs import is_complete
from tests.samples import COUNTS
from xnorflow.model.data.datasets import SOURCES, DataError, load
from xnorflow.model.data.sources import Source

__all__ = ["fetch", "is_within_reach"]

PATIENCE = 5
"""Seconds within which one of the mirrors must answer."""


def fetch(names: Iterable[str] = COUNTS) -> None:
    """Download what is missing, to the cache; what cannot be downloaded is told and left."""
    for name in names:
        if is_complete(name):
            continue
        if os.environ.get("XNORFLOW_DATA"):
            _say(f"XNORFLOW_DATA has not all of {name}; tests that need all of it are left out")
            continue
        if not is_within_reach(SOURCES[name]):
            _say(f"{name} is not here, and cannot be downloaded; tests that need all of it are left out")
            continue
        _say(f"downloading {name}, once")
        try:
            load(name)
        except DataError as error:
            _say(f"{error}; tests that need all of it are left out")


def is_within_reach(source: Source) -> bool:
    """Whether a mirror has the first file that would be downloaded."""
    answers: list[int] = []
    threads = [
        threading.Thread(target=_ask, args=(mirror + next(iter(source.md5)), answers), daemon=True)
        for mirror in source.mirrors
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + PATIENCE
    for thread in threads:
        # Nothing limits the time in which a name is looked up but that it is waited for no longer.
        thread.join(max(0.0, until - time.monotonic()))
    return bool(answers)


def _ask(address: str, answers: list[int]) -> None:
    try:
        # The addresses are constants of ours.
        request = urllib.request.Request(address, method="HEAD")  # noqa: S310
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310
            answers.append(response.status)
    except (OSError, ValueError):
        return


def _say(text: str) -> None:
    print(f"tests: {text}", file=sys.stderr)


if __name__ == "__main__":
    fetch()
