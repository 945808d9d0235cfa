"""Quantizers that are several operators, as Brevitas' QCDQ export writes them: two bits as eight that are cut."""

import re

import numpy as np
import pytest

from tests.importers.graphs import bipolar, bits, judge
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import QonnxError, import_qonnx


def quantized(chain, *, scale=0.25, zero=0, low=-2, high=1, between=()):
    """Append QuantizeLinear, Clip, DequantizeLinear."""
    chain.add("QuantizeLinear", scale, np.int8(zero))
    for operator in between:
        chain.add(operator)
    return chain.add("Clip", np.int8(low), np.int8(high)).add("DequantizeLinear", scale, np.int8(zero))


def network(rng, path, **options):
    """Two dense layers with such a quantizer between."""
    chain = (
        bits(1, 12)
        .add("MatMul", bipolar(rng, 12, 8))
        .add("Mul", rng.normal(size=8) / 8)
        .add("Add", rng.normal(size=8) / 8)
    )
    return quantized(chain, **options).add("MatMul", bipolar(rng, 8, 4)).save(path)


CUTS = {
    "two bits": {},
    "narrow": {"low": -1, "high": 1},
    "zero point": {"zero": 3, "low": 2, "high": 5},
    "all below": {"low": -128, "high": 1},
    "high wins": {"low": 1, "high": -1},
}


@pytest.mark.parametrize("name", CUTS)
def test_quantizers_of_three_operators(name, tmp_path):
    path = network(np.random.default_rng(0), tmp_path / "it.onnx", **CUTS[name])
    images = np.random.default_rng(1).integers(0, 2, (20, 12), dtype=np.uint8)
    scores, expected = golden.forward(import_qonnx(path, input_scale=1), images), judge(path, images)
    # Equal ones may be told apart, by their index.
    assert np.argsort(-scores, kind="stable").tolist() == np.argsort(-expected, kind="stable").tolist()


@pytest.mark.parametrize("name", CUTS)
def test_what_stands_between_changes_nothing(name, tmp_path):
    one, other = (
        import_qonnx(network(np.random.default_rng(0), tmp_path / f"{place}.onnx", between=between, **CUTS[name]))
        for place, between in enumerate([(), ("Identity",)])
    )
    assert np.array_equal(one.layers[0].ending.thresholds, other.layers[0].ending.thresholds)
    assert np.array_equal(one.layers[0].weights, other.layers[0].weights)


def test_many_latent_weights(tmp_path):
    """More different numbers than are taken one by one; halves go to the even integer, here 2, which is cut to 1."""
    rng = np.random.default_rng(0)
    latent = (rng.uniform(0.501, 1.5, (80, 60)) * bipolar(rng, 80, 60)).astype(np.float32)
    latent[0, :3] = 1.5, -1.5, np.nextafter(np.float32(0.5), np.float32(1))
    chain = bits(1, 80)
    weights = chain.constant(latent)
    for operator, *constants in (
        ("QuantizeLinear", 1.0, np.int8(0)),
        ("Clip", np.int8(-1), np.int8(1)),
        ("DequantizeLinear", 1.0, np.int8(0)),
    ):
        weights = chain.node(operator, [weights, *map(chain.constant, constants)])
    chain.tail = chain.node("MatMul", [chain.tail, weights])
    assert len(np.unique(latent)) > 4000
    (layer,) = import_qonnx(chain.save(tmp_path / "it.onnx")).layers
    assert np.array_equal(layer.weights, (latent > 0).T)


@pytest.mark.parametrize(
    ("scale", "inputs", "message"),
    [
        (-1.0, [np.int8(0)], "scale must be positive; train or export again"),
        (1.0, [np.int8(0), np.int8(-1), np.int8(1)], "must take 2 or 3 inputs, not 5; export again"),
    ],
)
def test_refused(scale, inputs, message, tmp_path):
    path = bits(1, 8).add("MatMul", np.ones((8, 2))).add("QuantizeLinear", scale, *inputs).save(tmp_path / "it.onnx")
    with pytest.raises(QonnxError, match=rf"^{re.escape(f'{path}: QuantizeLinear_3 (QuantizeLinear): {message}')}$"):
        import_qonnx(path)
