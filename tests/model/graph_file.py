"""A graph of all kinds, and its file with other contents."""

import json

import numpy as np
from safetensors.numpy import load as parse
from safetensors.numpy import save as serialize

from xnorflow.model.ir import (
    IMAGE,
    Add,
    Bias,
    Conv2d,
    Dense,
    MaxPool,
    Network,
    Ranks,
    SumPool,
    Thermometer,
    Threshold,
    Thresholds,
)

__all__ = ["description_of", "graph", "rewrite"]


def graph():
    """Two residuals with all kinds, all endings, groups, dilation and zeros for padding."""
    rng = np.random.default_rng(seed=0)

    def bits(*shape):
        return rng.integers(0, 2, shape)

    layers = (
        Conv2d(bits(4, 3, 3, 1), Thresholds([[-3, 0, 1]] * 4), padding=1, pad="zero", groups=2),
        Conv2d(bits(4, 3, 3, 4), Bias(rng.integers(-9, 9, 4), 1), padding=2, dilation=2),
        Add((1, 0)),
        Threshold(np.sort(rng.integers(-40, 40, (4, 4, 2)))),
        SumPool(),
        Conv2d(bits(2, 2, 2, 4), Ranks(rng.integers(-99, 99, (2, 257)))),
        MaxPool((1, 1), (1, 1)),
        Dense(bits(3, 2), Bias([0, 1, 2])),
    )
    sources = ((IMAGE,), (0,), (1, 0), (2, 0), (3,), (4,), (5,), (6,))
    return Network("graph", Thermometer((5, 5, 2), (99,)), layers, sources=sources)


def description_of(path):
    data = path.read_bytes()
    return json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["xnorflow"])


def rewrite(path, *, layers=(), arrays=(), lacks=(), **changes):
    """Change keys of layers by their positions, arrays, and keys of the description; without its proofs."""
    contents, description = {**parse(path.read_bytes()), **dict(arrays)}, description_of(path) | changes
    for index, keys in dict(layers).items():
        description["layers"][index] |= keys
    for index, name in lacks:
        del description["layers"][index][name]
    for proof in ("witness", "sha256"):
        description.pop(proof, None)
    path.write_bytes(serialize(contents, {"xnorflow": json.dumps(description)}))
