"""The last guard of an export: the torch module and the exported network, run on a few random images."""

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from .. import golden, ir

__all__ = ["check_agreement"]

SEED = 0

FEWEST, MOST = 2, 16
"""Images, by what one takes."""

WORK = 1 << 22
"""Multiplications that all images may take together, as long as they are not too few."""

SHOWN = 10
"""Scores of an image that a message has."""


@torch.no_grad()
def check_agreement(module: nn.Sequential, network: ir.Network, *, divisor: int = 1) -> None:
    """Compare the scores that a torch module in eval mode and its export give; they are integers, and equal.

    A copy of the module runs, on the CPU; the module stays as it is, and so does torch's random state.

    Parameters
    ----------
    divisor : :class:`int`
        What torch's scores are divided by; 0 where only their order is the network's.

    Raises
    ------
    ValueError
        When they differ on an image, or torch cannot run the module.
    """
    count = min(max(FEWEST, WORK // network.multiplications), MOST)
    images = _images(network.input, count)
    try:
        # No devices: the copy is on the CPU, and others' random state is not looked at.
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", enabled=False):
            theirs = copy.deepcopy(module).cpu().eval()(torch.from_numpy(images)).double().numpy()
    except Exception as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(f"torch cannot run the module on a random image: {reason}") from error
    ours = golden.forward(network, images)
    if theirs.shape != ours.shape:
        raise ValueError(f"torch must give scores of shape {ours.shape}, not {theirs.shape}")
    # Written so that a NaN differs too.
    same = theirs * divisor == ours if divisor else _ranks(theirs) == _ranks(ours)
    differing = np.flatnonzero(~(same & ~np.isnan(theirs)).all(axis=1))
    if differing.size:
        first = int(differing[0])
        raise ValueError(
            f"torch and the exported network differ on {differing.size} of {count} random images; on image {first} "
            f"torch gives class {_told(theirs[first])} and the exported network class {_told(ours[first])}; "
            "something in the module changes what it computes and cannot be exported"
        )


def _ranks(scores: NDArray[Any]) -> NDArray[np.intp]:
    """How many scores of an image are below each."""
    return np.asarray((scores[:, np.newaxis, :] < scores[:, :, np.newaxis]).sum(axis=2))


def _images(rule: ir.Input, count: int) -> NDArray[np.uint8]:
    """Random images; those of a thermometer are in part next to its levels, which may be far from most pixels."""
    rng = np.random.default_rng(SEED)
    images = rng.integers(0, 256, (count, *rule.shape), np.uint8)
    if isinstance(rule, ir.Thermometer):
        edges = np.array([pixel for level in rule.levels for pixel in (level - 1, level)], np.uint8)
        images[1::2] = rng.choice(edges, images[1::2].shape)
    return images


def _told(scores: NDArray[np.generic]) -> str:
    """Class and scores of an image."""
    numbers = [int(score) if float(score).is_integer() else float(score) for score in scores.tolist()]
    text = ", ".join(map(str, numbers[:SHOWN])) + (", …" if len(numbers) > SHOWN else "")
    return f"{scores.argmax()} ({text})"
