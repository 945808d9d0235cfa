"""Graphs with arms, levels and groups that make no sense are refused in one line that names the node."""

import numpy as np
import pytest

from tests.importers.graphs import Chain, bipolar, bits, check
from tests.importers.reference import reference
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx

RNG = np.random.default_rng(seed=0)
KERNEL = bipolar(RNG, 4, 4, 3, 3)
BITS = {"out_scale": 2.0, "out_bias": -1.0}
LEVELS = np.array([[-4, 0, 4, 6]] * 4, float)


def arms(function):
    """Bits of four channels and a convolution of them, which a function makes an arm of."""
    chain = bits(1, 4, 4, 4)
    data = chain.tail
    chain.add("Conv", KERNEL, pads=[1] * 4).add("BipolarQuant", 1.0)
    chain.tail = chain.node("Add", [function(chain).tail, data])
    return ended(chain)


def ended(chain):
    return chain.add("BipolarQuant", 1.0).add("Flatten").add("MatMul", np.ones((64, 2)))


def counted(thresholds, **attributes):
    return ended(bits(1, 4, 4, 4).add("Conv", KERNEL, pads=[1] * 4).add("MultiThreshold", thresholds, **attributes))


def grown(times):
    """A sum with itself so much larger, again and again."""
    chain = Chain(1, 8)
    for _ in range(times):
        larger = chain.node("Mul", [chain.tail, chain.constant(65536.0)])
        chain.tail = chain.node("Add", [larger, chain.node("MatMul", [chain.tail, chain.constant(np.ones((8, 8)))])])
    return chain.add("BipolarQuant", 1.0).add("MatMul", np.ones((8, 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: arms(lambda chain: chain.add("MaxPool", kernel_shape=[2, 2])),
            "Add_5 (Add): must take tensors of one shape, not (1, 4, 3, 3) and (1, 4, 4, 4)",
        ),
        (
            lambda: arms(lambda chain: chain.add("Transpose", perm=[0, 1, 3, 2])),
            "Add_5 (Add): must take tensors whose elements are in one order; move them alike before",
        ),
        (
            lambda: counted(LEVELS, out_dtype="UINT2"),
            "MultiThreshold_3 (MultiThreshold): must have at most 3 thresholds for each channel, as UINT2 tells apart, "
            "not 4",
        ),
        (
            lambda: counted(LEVELS[:, :2], out_dtype="BIPOLAR", **BITS),
            "MultiThreshold_3 (MultiThreshold): must have at most 1 thresholds for each channel, as BIPOLAR tells apart, "
            "not 2",
        ),
        (
            lambda: ended(bits(1, 4, 4, 4).add("Conv", KERNEL, pads=[1] * 4, kernel_shape=[5, 5])),
            "Conv_2 (Conv): kernel_shape must be that of the weights, (3, 3), not (5, 5); export again",
        ),
        (
            lambda: grown(3),
            "Add_8 (Add): integers must fit 48 bits, not be in -26288408624640..71802407469841920",
        ),
    ],
)
def test_what_does_not_meet_is_refused(tmp_path, make, message):
    check(make().save(tmp_path / "network.onnx"), message)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("nowhere", "Add_4 (Add): takes 'nowhere', which nothing makes; export the whole graph"),
        ("MatMul_7_out0", "Add_4 (Add): is part of a cycle; export the network without recurrence"),
        ("Add_4_out0", "Add_4 (Add): is part of a cycle; export the network without recurrence"),
        ("", "Add_4 (Add): must have b as an input; export again"),
        (None, "Add_4 (Add): must have b as an input; export again"),
    ],
)
def test_an_arm_that_never_arrives_is_refused(tmp_path, second, message):
    model = arms(lambda chain: chain).model()
    del model.graph.node[4].input[1:]
    model.graph.node[4].input.extend([] if second is None else [second])
    path = tmp_path / "network.onnx"
    path.write_bytes(model.SerializeToString())
    check(path, message)


def test_levels_that_fall_count_as_those_that_rise(tmp_path):
    """So the executor of FINN counts them: whatever is reached."""
    chain = counted(LEVELS[:, ::-1], out_dtype="UINT3")
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    images = RNG.integers(0, 256, (30, 4, 4, 4), np.uint8)
    expected = reference(chain.model(), images.transpose(0, 3, 1, 2) / 255)
    assert np.array_equal(golden.predict(network, images), expected.argmax(axis=1))
