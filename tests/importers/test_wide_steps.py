"""Rounding of wide dot products: thousands of steps, which are searched and never written down."""

import time

import numpy as np
import pytest

from tests.importers.graphs import Chain, bipolar, check
from tests.importers.reference import reference
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx

RNG = np.random.default_rng(seed=0)
SCALES, OFFSETS = RNG.integers(5, 16, 8) / 16, RNG.normal(0, 9, 8)


def dots(width=512, neurons=8):
    chain = Chain(1, width).add("Sub", 0.5).add("BipolarQuant", 1.0)
    return chain.add("MatMul", bipolar(RNG, width, neurons))


def scaled():
    return dots().add("Mul", SCALES)


def ended(chain, neurons=8):
    return chain.add("MatMul", bipolar(RNG, neurons, 5))


def sign(chain):
    return chain.add("Add", OFFSETS).add("BipolarQuant", 1.0)


def estimated(chain):
    """A straight-through estimator: the number, and what rounding adds to it."""
    data = chain.tail
    rounded = chain.node("Round", [data])
    chain.tail = chain.node("Add", [data, chain.node("Sub", [rounded, data])])
    return chain


CHAINS = {
    "round": ended(sign(scaled().add("Round"))),
    "round and cut": ended(scaled().add("Round").add("Clip", -2.0, 1.0)),
    "round twice": ended(sign(scaled().add("Round").add("Mul", 0.75).add("Floor"))),
    "round, then relu": ended(sign(scaled().add("Round").add("Sub", 3.0).add("Relu"))),
    "round what falls": ended(sign(scaled().add("Ceil").add("Mul", -0.5))),
    "round in an estimator": ended(sign(estimated(scaled()))),
    "quantize to 32 bits": ended(sign(dots().add("Quant", 0.375, 0.0, 32.0, signed=1, narrow=0))),
    "round to scores": dots(64, 5).add("Mul", SCALES[:5]).add("Round"),
}


@pytest.mark.parametrize("name", CHAINS)
def test_wide_dots_are_rounded_exactly(name, tmp_path):
    chain = CHAINS[name]
    network = import_qonnx(chain.save(tmp_path / "a.onnx"))
    images = np.random.default_rng(seed=1).integers(0, 256, (40, *network.input.shape), dtype=np.uint8)
    expected = reference(chain.model(), images / 255).argmax(axis=1)
    assert len(set(expected.tolist())) > 1
    np.testing.assert_array_equal(golden.predict(network, images), expected)


def test_a_wide_layer_takes_seconds(tmp_path):
    chain = dots(4096, 64).add("Mul", RNG.uniform(0.3, 0.9, 64)).add("Round").add("BipolarQuant", 1.0)
    path = ended(chain, 64).save(tmp_path / "a.onnx")
    begin = time.process_time()
    import_qonnx(path)
    assert time.process_time() - begin < 10


def test_too_many_steps_are_refused_soon(tmp_path):
    path = ended(dots(4096, 8).add("Mul", 0.375).add("Round")).save(tmp_path / "a.onnx")
    check(
        path,
        "MatMul_5 (MatMul): must get at most 16 numbers at equal distances in channel 0, not -1536, -1535, -1534, "
        "-1533, -1532, ...; quantize to 1 to 4 bits",
    )
