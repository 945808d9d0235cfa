"""Convolutions and pools that cannot be imported are refused with one line that names the node."""

import numpy as np
import pytest

from tests.importers.graphs import Chain, bits, check
from xnorflow.model.qonnx.reader import import_qonnx

ONES = np.ones


def convolved(kernel, shape=(1, 1, 4, 4), channels=1, **attributes):
    return bits(*shape).add("Conv", ONES((2, channels, *kernel)), **attributes)


def pooled(**attributes):
    return convolved((2, 2)).add("BipolarQuant", 1.0).add("MaxPool", **attributes)


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (convolved((5, 3)), "Conv_2 (Conv): kernel must fit the padded image, 4x4, not be 5x3"),
        (
            Chain(1, 1, 1100, 5).add("Conv", ONES((2, 1, 1025, 1))),
            "Conv_0 (Conv): kernel must be 1..1024 in each direction, not 1025x1",
        ),
        (
            bits(1, 1, 4, 4).add("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1]), 0.5).add("Conv", ONES((2, 1, 3, 3))),
            "Conv_3 (Conv): must pad with a value of the bits, or the one between, not with 0.5",
        ),
        (
            Chain(1, 1, 4, 4).add("Sub", 0.3).add("Conv", ONES((2, 1, 3, 3)), pads=[1, 1, 1, 1]),
            "Conv_1 (Conv): must pad with a value of its integers, not with 0",
        ),
        (
            convolved((3, 3), auto_pad="SAME"),
            "Conv_2 (Conv): auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, not 'SAME'",
        ),
        (convolved((3, 3), group=3), "Conv_2 (Conv): group must divide the 2 filters, not be 3"),
        (
            convolved((3, 3), group=2),
            "Conv_2 (Conv): must have weights of (neurons, 1 channels in 2 groups, rows, columns), not (2, 1, 3, 3)",
        ),
        (convolved((2, 2), dilations=[4, 1]), "Conv_2 (Conv): kernel must fit the padded image, 4x4, not be 5x2"),
        (convolved((2, 2), dilations=[0, 1]), "Conv_2 (Conv): dilation must be at least 1, not (0, 1)"),
        (convolved((2, 2), strides=[0, 1]), "Conv_2 (Conv): stride must be at least 1, not (0, 1)"),
        (
            convolved((2, 2), strides=[1]),
            "Conv_2 (Conv): strides must be 2 numbers, not (1,)",
        ),
        (
            convolved((2, 2), channels=3),
            "Conv_2 (Conv): must have weights of (neurons, 1 channels, rows, columns), not (2, 3, 2, 2)",
        ),
        (
            bits(1, 8)
            .add("MatMul", ONES((8, 8)))
            .add("BipolarQuant", 1.0)
            .add("Reshape", np.array([1, 1, 2, 4]))
            .add("Conv", ONES((2, 1, 2, 2))),
            "Conv_5 (Conv): must take an image of batch, channels, rows and columns, not shape (1, 1, 2, 4); "
            "export with channels first, and the image as the graph's input",
        ),
        (
            convolved((2, 2)).add("AveragePool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
            "AveragePool_3 (AveragePool): ceil_mode must be 0, where rows and columns that do not fill a window are left "
            "out, not 1",
        ),
        (
            pooled(kernel_shape=[4, 4]),
            "MaxPool_4 (MaxPool): kernel must fit the padded image, 3x3, not be 4x4",
        ),
        (
            pooled(kernel_shape=[2, 2], pads=[2, 1, 1, 1]),
            "MaxPool_4 (MaxPool): padding must be at least 0 and less than the kernel, 2x2, not (2, 1, 1, 1)",
        ),
        (
            pooled(kernel_shape=[2, 2], dilations=[2, 2]),
            "MaxPool_4 (MaxPool): must have no dilation; train without it",
        ),
        (
            bits(1, 1, 4, 4).add("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1]), 0.0).add("MaxPool", kernel_shape=[2, 2]),
            "MaxPool_3 (MaxPool): must follow a Pad of numbers that are never the largest, not of 0",
        ),
        (
            convolved((2, 2)).add("Abs").add("MaxPool", kernel_shape=[2, 2]),
            "MaxPool_4 (MaxPool): must take what rises or falls steadily with the product, not what does both",
        ),
        (
            convolved((2, 2)).add("AveragePool", kernel_shape=[2, 2], pads=[1, 1, 1, 1]),
            "AveragePool_3 (AveragePool): must have neither padding nor dilation; train without them",
        ),
        (
            bits(1, 1, 4, 4).add("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1]), 1.0).add("Flatten"),
            "Flatten_3 (Flatten): must not follow a Pad; only Conv and MaxPool may",
        ),
        (
            convolved((2, 2))
            .add("Add", np.arange(9.0).reshape(3, 3))
            .add("BipolarQuant", 1.0)
            .add("Flatten")
            .add("MatMul", ONES((18, 2))),
            "MatMul_6 (MatMul): scales and biases must be the same all over a channel, not change from pixel to pixel",
        ),
        (
            convolved((2, 2)).add("Flatten"),
            "Flatten_3 (Flatten): must end in one product with weights, whose largest element is the class",
        ),
    ],
)
def test_refuses_a_convolution_or_a_pool(tmp_path, chain, message):
    check(chain.save(tmp_path / "network.onnx"), message)


def test_a_pool_that_does_not_tile_leaves_the_rest_out(tmp_path):
    chain = pooled(kernel_shape=[2, 2], strides=[2, 2]).add("Flatten").add("MatMul", ONES((2, 3)))
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    assert [tensor.shape for tensor in network.tensors] == [(4, 4, 1), (3, 3, 2), (1, 1, 2), (3,)]
