"""What the fuzzer damages: graphs that together have every operator that becomes a layer of its own kind."""

import numpy as np

from tests.importers.graphs import Chain, Weights, bipolar
from tests.importers.random_graphs import BITS, INTEGERS, random_network
from tests.importers.test_operators import NETWORKS

__all__ = ["SEEDS", "levels_and_arms"]

TWO_BITS = {"out_dtype": "UINT2", "out_scale": 1.0, "out_bias": 0.0}


def levels_and_arms(rng):
    """Levels, a residual of them, averages, groups, dilation, and weights of more than two values."""

    def counted(chain):
        return chain.add("MultiThreshold", np.sort(rng.integers(-6, 9, (4, 3)), axis=1).astype(float), **TWO_BITS)

    chain = Chain(1, 2, 8, 8).add("Sub", 0.5).add("BipolarQuant", 1.0)
    levels = counted(chain.add("Conv", rng.integers(-1, 2, (4, 2, 3, 3)).astype(float), pads=[1] * 4)).tail
    chain.add("Conv", bipolar(rng, 4, 1, 3, 3), group=4, dilations=[2, 2], pads=[2] * 4)
    chain.tail = chain.node("Add", [counted(chain).tail, levels])
    chain.add("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    chain.add("Conv", bipolar(rng, 4, 2, 2, 2), group=2, strides=[2, 1]).add("BipolarQuant", 1.0).add("Flatten")
    whole = Weights("DequantizeLinear", rng.integers(-128, 128, (24, 3)).astype(np.int8), np.float32(0.013), np.int8(0))
    return chain.add("MatMul", whole)


SEEDS = [
    *(lambda _number, build=build: build(np.random.default_rng(seed=7)).model() for build, _ in NETWORKS),
    *[lambda number: levels_and_arms(np.random.default_rng(seed=number)).model()] * (len(NETWORKS) // 2),
    *[lambda number: random_network(number, BITS)[0]] * len(NETWORKS),
    *[lambda number: random_network(number, INTEGERS)[0]] * (len(NETWORKS) // 2),
]
"""Functions of a number that make a model; some more often, as they have more to be damaged."""
