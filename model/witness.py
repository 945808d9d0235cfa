"""Witnesses in model files: what a network gave for a few random images before it was written.

A network that was read from a file must give the same; so no fault on the way through the file is silent.
"""

import reprlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import golden
from .ir import Network

__all__ = ["check_witness", "random_images", "witness_of"]

SEED = 0

MOST_IMAGES = 16
"""Images that a witness may have; those made here have fewer."""

FEW_IMAGES = 4
QUICK = 1 << 20
"""Multiplications an image, up to which a witness has :data:`FEW_IMAGES`, else one: a load takes milliseconds."""

MOST_WORK = 1 << 30
"""Multiplications of a whole witness. Networks of more for a single image have none."""

WINDOW_WORK = 64
"""What an element of the windows of a layer counts for, next to a multiplication: it takes memory."""

ELEMENT_WORK = 8
"""What each of all layers together counts for: it takes time."""


def random_images(shape: tuple[int, ...], count: int, *, seed: int) -> NDArray[np.uint8]:
    """Images of random pixels: the bytes, lowest first, of the 64-bit words of PCG64 (O'Neill) with that seed.

    Today ``numpy.random.default_rng(seed).integers(0, 256, (count, *shape), numpy.uint8)`` gives the same; numpy
    promises it of the words only.
    """
    size = count * int(np.prod(shape, dtype=np.int64))
    words = np.random.PCG64(seed).random_raw(-(-size // 8))
    return words.astype("<u8").view(np.uint8)[:size].reshape(count, *shape)


def witness_of(network: Network) -> dict[str, Any] | None:
    """The witness of a network, as JSON has it; None where the network is too large for one."""
    if _work(network) > MOST_WORK:
        return None
    count = FEW_IMAGES if network.multiplications <= QUICK else 1
    return {"seed": SEED, "images": count, "scores": _scores(network, count, SEED).tolist()}


def check_witness(network: Network, witness: object) -> None:
    """Compare a network with a witness from a file.

    Raises
    ------
    TypeError, ValueError
        When the witness is none, is too much work, or the network gives other scores; before any work where it can.
    """
    if not isinstance(witness, dict) or set(witness) != {"seed", "images", "scores"}:
        raise TypeError(f"witness must be an object of seed, images and scores, not {reprlib.repr(witness)}")
    seed = _number("seed", witness["seed"], 0, (1 << 32) - 1)
    count = _number("images", witness["images"], 1, MOST_IMAGES)
    expected = _rows(witness["scores"], count, network.classes)
    if count * _work(network) > MOST_WORK:
        raise ValueError(f"witness must take at most {MOST_WORK} multiplications, not {count * _work(network)}")
    found = _scores(network, count, seed).tolist()
    for image, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        for number, (score, was) in enumerate(zip(ours, theirs, strict=True)):
            if score != was:
                raise ValueError(
                    f"witness: random image {image} must get a score of {was} for class {number}, not {score}; "
                    "the file holds another network than the one that was saved: save or download it again"
                )


def _scores(network: Network, count: int, seed: int) -> NDArray[np.int64]:
    return golden.forward(network, random_images(network.input.shape, count, seed=seed))


def _work(network: Network) -> int:
    """What an image takes, in multiplications."""
    elements = [
        max(step.layer.unfolded(step.input), *(tensor.size for tensor in step.inputs)) for step in network.steps()
    ]
    return max(network.multiplications, WINDOW_WORK * max(elements), ELEMENT_WORK * sum(elements))


def _number(name: str, value: object, low: int, high: int) -> int:
    # Not isinstance: bool is a kind of int in Python, but not in the format.
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"witness: {name} must be an integer in {low}..{high}, not {reprlib.repr(value)}")
    return value


def _rows(scores: object, count: int, classes: int) -> list[list[int]]:
    rows = scores if isinstance(scores, list) else []
    right = len(rows) == count and all(
        isinstance(row, list) and len(row) == classes and all(type(score) is int for score in row) for row in rows
    )
    if not right:
        raise ValueError(f"witness: scores must be {count} lists of {classes} integers, not {reprlib.repr(scores)}")
    return rows
