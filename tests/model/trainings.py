"""Trainings of small networks, and what is compared of them."""

import dataclasses

import numpy as np
import torch

from tests.model.modules import torch_trace
from xnorflow.model import golden
from xnorflow.model.training.train import classes
from xnorflow.model.zoo import ZOO

__all__ = ["DIGITS", "TFC", "assert_equal_everywhere", "equal", "recipe", "weights"]

DIGITS, TFC = ZOO["digits"], ZOO["tfc"]


def recipe(definition=DIGITS, **changes):
    return dataclasses.replace(definition.recipe, **changes)


def weights(trained):
    return {name: value.clone() for name, value in trained.module.state_dict().items()}


def equal(first, second):
    return all(torch.equal(value, second[name]) for name, value in first.items())


def assert_equal_everywhere(network, module, images):
    for ours, torchs in zip(golden.trace(network, images), torch_trace(module, images), strict=True):
        assert np.array_equal(ours, torchs)
    assert np.array_equal(golden.predict(network, images), classes(module, images))
