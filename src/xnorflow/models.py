"""MODEL and DATASET arguments of the command line: what they may name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .model.datasets import DATASETS, load
from .model.ir import Network
from .model.sources import DataError
from .model.store import load as load_model
from .model.trained import is_trained, load_trained
from .model.zoo import ZOO, random_network
from .own import Own
from .suggest import did_you_mean

__all__ = ["RANDOM", "is_untrained", "load_images_or_random", "load_test_images", "open_model"]

RANDOM = "random"
"""Data set of seeded random images: it says nothing of accuracy, but proves hardware where there is no data."""


def open_model(name: str) -> Network:
    """The network in a file, or the zoo's network of that name: as it ships, else with seeded random weights.

    Raises
    ------
    ValueError
        When there is neither.
    """
    path = Path(name)
    if name in ZOO and not path.is_file():
        return load_trained(name) if is_trained(name) else random_network(name)
    if name and path.is_dir():
        raise ValueError(f"{name}: is a folder; MODEL must be a file or one of {', '.join(ZOO)}")
    if not path.is_file():
        raise ValueError(f"MODEL must be a file or one of {', '.join(ZOO)}, not {name!r}{did_you_mean(name, ZOO)}")
    return load_model(path)


def is_untrained(network: Network) -> bool:
    """Whether the weights are random."""
    return network.provenance.get("weights", "").startswith("untrained")


def load_images_or_random(
    network: Network,
    *,
    dataset: str | None = None,
    own: Own | None = None,
    count: int | None = None,
    say: Callable[[str], None],
) -> tuple[str, NDArray[np.uint8], NDArray[np.int64] | None]:
    """As :func:`load_test_images`, but random images where those that nobody named cannot be had.

    Hardware is proved by them too; ``say`` is told why.
    """
    try:
        return load_test_images(network, dataset=dataset, own=own, count=count)
    except DataError as error:
        if dataset is not None or own is not None:
            raise
        say(f"{error}; random images are used instead")
        return load_test_images(network, dataset=RANDOM, count=count)


def load_test_images(
    network: Network, *, dataset: str | None = None, own: Own | None = None, count: int | None = None
) -> tuple[str, NDArray[np.uint8], NDArray[np.int64] | None]:
    """Name, images and labels of the test set that fits a network, or its first ``count`` images; or of one's own.

    Raises
    ------
    ValueError
        When the data set is unknown, cannot be had, or does not fit the network.
    """
    if own is not None:
        found = own.images(network, count)
        return found.name, found.images, found.labels
    name = dataset or network.dataset or RANDOM
    if dataset is None and name not in (*DATASETS, RANDOM):
        raise DataError(f"{network.name} was trained on {name}, data of one's own; name its images with --data")
    if count is not None and count < 1:
        raise ValueError(f"images must be 1 or more, not {count}")
    if name == RANDOM:
        rng = np.random.default_rng(seed=0)
        return name, rng.integers(0, 256, (count or 1000, *network.input.shape), np.uint8), None
    if name not in DATASETS:
        raise ValueError(f"dataset must be one of {', '.join((*DATASETS, RANDOM))}, not {name!r}")
    data = load(name)
    if data.test_images.shape[1:] != network.input.shape:
        raise ValueError(
            f"{name} has images of {data.test_images.shape[1:]}, but {network.name} takes {network.input.shape}"
        )
    return name, data.test_images[:count], data.test_labels[:count]
