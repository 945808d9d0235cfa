"""Shortcuts of real numbers, as Bi-Real Net and ReActNet have, are refused by name; binarized or quantized ones are not."""

import numpy as np
import pytest

from tests.importers.graphs import Chain, bipolar, bits, check
from tests.importers.reference import reference
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx

SUM = (
    "the sum of two tensors is real-valued and goes on so, as a shortcut of Bi-Real Net; binarize or quantize it "
    "(Levels in model/training) and train again"
)
NORMS = (
    "the sum of two normalizations is real-valued and goes on, as a shortcut of Bi-Real Net, where only its sign may; "
    "binarize it and train again, or quantize it and export so that normalizations are folded (dynamo=True)"
)
CHANNELS = 4


def folded(rng, chain):
    """A batch normalization as exporters fold it, with numbers that floats have."""
    return chain.add("Mul", rng.integers(5, 40, (CHANNELS, 1, 1)) / 64).add("Add", rng.normal(size=(CHANNELS, 1, 1)))


def whole(rng, chain):
    parts = [rng.uniform(0.5, 2, CHANNELS), *rng.normal(size=(2, CHANNELS)), rng.uniform(0.5, 2, CHANNELS)]
    return chain.add("BatchNormalization", *parts)


def stem(rng, normal, channels=2):
    return normal(rng, bits(1, channels, 6, 6).add("Conv", bipolar(rng, CHANNELS, channels, 1, 1)))


def block(rng, chain, normal, operator="Add"):
    """A sign, a convolution and a normalization, beside which the numbers go on as they are."""
    numbers = chain.tail
    chain.add("BipolarQuant", 1.0).add("Conv", bipolar(rng, CHANNELS, CHANNELS, 3, 3), pads=[1] * 4)
    normal(rng, chain)
    chain.tail = chain.node(operator, [chain.tail, numbers])
    return chain


def ended(rng, chain):
    return chain.add("BipolarQuant", 1.0).add("Flatten").add("MatMul", bipolar(rng, CHANNELS * 36, 3))


def averaged(rng, chain):
    return chain.add("GlobalAveragePool").add("Flatten").add("MatMul", bipolar(rng, CHANNELS, 3))


def two_blocks(rng, normal):
    return ended(rng, block(rng, block(rng, stem(rng, normal), normal), normal))


def wide(rng):
    chain = folded(rng, Chain(1, 2, 6, 6).add("Conv", bipolar(rng, CHANNELS, 2, 1, 1)))
    one = chain.tail
    chain.tail = "image"
    other = folded(rng, chain.add("Conv", bipolar(rng, CHANNELS, 2, 1, 1))).tail
    chain.tail = chain.node("Add", [one, other])
    return ended(rng, chain)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rng: two_blocks(rng, folded), f"Add_9 (Add): {SUM}"),
        (lambda rng: averaged(rng, block(rng, stem(rng, folded), folded)), f"Add_9 (Add): {SUM}"),
        (lambda rng: averaged(rng, block(rng, stem(rng, folded), folded, "Sub")), f"Sub_9 (Sub): {SUM}"),
        (
            lambda rng: averaged(rng, block(rng, stem(rng, folded), folded, "Max")),
            f"Max_9 (Max): {SUM.replace('sum', 'result', 1)}",
        ),
        (lambda rng: two_blocks(rng, whole), f"Add_7 (Add): {NORMS}"),
        (lambda rng: averaged(rng, block(rng, stem(rng, whole), whole)), f"Add_7 (Add): {NORMS}"),
        (
            wide,
            "Add_6 (Add): must get arms whose scales differ by a power of two, or one of at most 256 values, not two of "
            "real numbers as in Bi-Real Net; binarize or quantize one of them (Levels in model/training) and train "
            "again",
        ),
    ],
)
def test_a_sum_of_real_numbers_that_goes_on_is_refused_by_name(tmp_path, make, message):
    check(make(np.random.default_rng(seed=0)).save(tmp_path / "network.onnx"), message)


def quantized(chain):
    """DoReFa's activation of 2 bits, on numbers up to about 8."""
    return chain.add("Div", 8.0).add("Clip", 0.0, 1.0).add("Mul", 3.0).add("Round")


@pytest.mark.parametrize("quantize", [lambda chain: chain.add("BipolarQuant", 1.0), quantized])
def test_a_sum_that_is_binarized_or_quantized_before_it_goes_on_is_imported(tmp_path, quantize):
    rng = np.random.default_rng(seed=0)
    chain = quantize(block(rng, stem(rng, folded), folded))
    numbers = chain.tail
    chain.add("Conv", bipolar(rng, CHANNELS, CHANNELS, 3, 3), pads=[1] * 4)
    chain.tail = chain.node("Add", [folded(rng, chain).tail, numbers])
    ended(rng, quantize(chain))
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    images = rng.integers(0, 256, (40, 6, 6, 2), np.uint8)
    expected = reference(chain.model(), images.transpose(0, 3, 1, 2) / 255)
    assert np.array_equal(golden.predict(network, images), expected.argmax(axis=1))


def three_arms():
    """What is made of three tensors of bits: the sum of two of them, and the third."""
    rng = np.random.default_rng(seed=0)
    chain = bits(1, 8)
    image, arms = chain.tail, []
    for scale in (0.25, 0.75, 1.0):
        chain.tail = image
        arms.append(chain.add("MatMul", bipolar(rng, 8, 4)).add("BipolarQuant", 1.0).add("Mul", scale).tail)
    one, other, third = arms
    return chain, chain.node("Add", [one, other]), third


def closed(chain, *inputs, operator):
    chain.tail = chain.node(operator, inputs)
    return chain.add("BipolarQuant", 1.0).add("MatMul", bipolar(np.random.default_rng(seed=1), 4, 2))


def test_what_two_tensors_make_joins_a_third_where_it_is_constant(tmp_path):
    chain, both, third = three_arms()
    always = chain.node("Greater", [both, chain.constant(-100.0)])
    number = chain.node("Where", [always, chain.constant(0.25), chain.constant(-0.25)])
    closed(chain, number, third, operator="Add")
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    images = np.random.default_rng(seed=0).integers(0, 256, (40, 8), np.uint8)
    assert np.array_equal(golden.predict(network, images), reference(chain.model(), images / 255).argmax(axis=1))


def test_what_two_tensors_make_is_not_taken_in_two_ways_beside_a_third(tmp_path):
    chain, both, third = three_arms()
    path = closed(chain, chain.node("Greater", [both, chain.constant(0.1)]), both, third, operator="Where").save(
        tmp_path / "network.onnx"
    )
    check(path, "Where_13 (Where): must take what is made of two tensors quantized in one way, not in several")
