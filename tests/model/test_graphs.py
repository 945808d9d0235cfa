"""Layers that read others, and kinds and endings of integers: what they refuse, each in one line."""

import re

import numpy as np
import pytest

from xnorflow.model.ir import (
    IMAGE,
    Add,
    Affine,
    Bias,
    Conv2d,
    Dense,
    Element,
    MaxPool,
    Network,
    Ranks,
    SumPool,
    Tensor,
    Thermometer,
    Threshold,
    Thresholds,
)

pytestmark = pytest.mark.usefixtures("kernels")

BITS = Thermometer((4, 4, 2), (128,))
INTEGERS = Affine((4, 4, 2), width=3)


def bits(*shape):
    return np.zeros(shape, np.uint8)


def zeros(*shape):
    return np.zeros(shape, np.int64)


def conv(mh=2, kernel=1, depth=2, ending=None, **numbers):
    return Conv2d(bits(mh, kernel, kernel, depth), ending or Bias(zeros(mh)), **numbers)


def scores(inputs=32):
    return Dense(bits(2, inputs), Bias(zeros(2)))


def network(*layers, rule=BITS, sources=()):
    return Network("n", rule, layers, sources=sources)


def chain(*layers, rule=BITS):
    """Layers that keep the size of an image of 4x4 pixels of 2 channels, and scores."""
    return network(*layers, scores(), rule=rule)


def joined(join, *layers, rule=BITS):
    """Two layers of the image, what reads both, and scores."""
    return network(*layers, join, scores(), rule=rule, sources=((IMAGE,), (IMAGE,), (0, 1), (2,)))


WRONG_SOURCES = [
    (
        lambda: network(conv(), scores(), sources=((IMAGE,),)),
        "sources must be one for each of the 2 layers, not 1",
    ),
    (
        lambda: network(conv(), scores(), sources=((IMAGE,), (0,), (1,))),
        "sources must be one for each of the 2 layers, not 3",
    ),
    (lambda: network(conv(), scores(), sources=((IMAGE, IMAGE), (0,))), "conv2d0: must read 1 layers, not 2"),
    (lambda: network(conv(), Add(), scores(), sources=((IMAGE,), (0,), (1,))), "add1: must read 2 layers, not 1"),
    (lambda: chain(conv(), Add()), "add1: must read 2 layers, not 1"),
    (
        lambda: network(conv(), Add(), scores(), sources=((IMAGE,), (0, 0, 0), (1,))),
        "add1: must read 2 layers, not 3",
    ),
    (lambda: network(conv(), scores(), sources=((), (0,))), "conv2d0: must read 1 layers, not 0"),
    (lambda: chain(Threshold(zeros(2, 2, 1))), "threshold0: must read 2 layers, not 1"),
    (
        lambda: network(conv(), Threshold(zeros(2, 1)), scores(), sources=((IMAGE,), (0, 0), (1,))),
        "threshold1: must read 1 layers, not 2",
    ),
    (
        lambda: network(conv(), scores(), sources=((0,), (0,))),
        "conv2d0: must read layers in -1..-1, which are before it, not 0",
    ),
    (
        lambda: network(conv(), conv(), scores(), sources=((IMAGE,), (2,), (1,))),
        "conv2d1: must read layers in -1..0, which are before it, not 2",
    ),
    (
        lambda: network(conv(), scores(), sources=((IMAGE,), (-2,))),
        "dense1: must read layers in -1..0, which are before it, not -2",
    ),
    (
        lambda: network(conv(), conv(), scores(), sources=((IMAGE,), (IMAGE,), (1,))),
        "conv2d0: must be read by a layer behind it",
    ),
]

WRONG_TYPES = [
    (lambda: network(conv(), scores(), sources=5), "sources must be a tuple for each layer, not 5"),
    (lambda: network(conv(), scores(), sources=(IMAGE, 0)), "sources must be a tuple of integers, not -1"),
    (lambda: network(conv(), scores(), sources=((IMAGE,), (0.0,))), "sources must be integers, not 0.0"),
    (lambda: network(conv(), scores(), sources=((IMAGE,), (False,))), "sources must be integers, not False"),
    (lambda: Add((1.0, 0)), "shifts must be integers, not 1.0"),
    (lambda: Bias(zeros(2), True), "shift must be an integer, not True"),
    (lambda: conv(groups=1.0), "groups must be an integer, not 1.0"),
    (lambda: conv(pad="one"), "pad must be an integer, not 'one'"),
    (lambda: conv(dilation=1.5), "dilation must be an integer or a pair of integers, not 1.5"),
    (
        lambda: Dense(bits(2, 4), zeros(2)),
        "ending must be Thresholds, Bias or Ranks, not ndarray",
    ),
    (
        lambda: network("conv"),
        "layers must be Dense, Conv2d, MaxPool, SumPool, Threshold, Add, not str",
    ),
]

WRONG_PLACES = [
    (
        lambda: joined(Add(), conv(), conv(3)),
        "add2: takes two tensors of one shape, but gets (4, 4, 2) and (4, 4, 3)",
    ),
    (
        lambda: joined(Add(), conv(), conv(kernel=2)),
        "add2: takes two tensors of one shape, but gets (4, 4, 2) and (3, 3, 2)",
    ),
    (
        lambda: joined(Threshold(zeros(2, 2, 1)), conv(), conv(ending=Thresholds(zeros(2)), kernel=2)),
        "threshold2: takes two tensors of one shape, but gets (4, 4, 2) and (3, 3, 2)",
    ),
    (
        lambda: joined(Threshold(zeros(2, 3, 1)), conv(), conv(ending=Thresholds(zeros(2)))),
        "threshold2: thresholds must have a row for each of the 2 values of the second tensor, not 3",
    ),
    (
        lambda: joined(Threshold(zeros(2, 2, 1)), conv(), conv(ending=Thresholds(zeros(2, 3)))),
        "threshold2: thresholds must have a row for each of the 4 values of the second tensor, not 2",
    ),
    (lambda: chain(Threshold(zeros(3, 1))), "threshold0: takes 3 channels, but gets shape (4, 4, 2)"),
    (lambda: chain(Threshold(zeros(2, 1) + 3)), "threshold0: thresholds must be in -1..2, not 3..3"),
    (lambda: chain(Threshold(zeros(2, 1) - 1), rule=INTEGERS), "threshold0: thresholds must be in 0..8, not -1..-1"),
    (lambda: chain(conv(ending=Thresholds(zeros(2) + 4))), "conv2d0: thresholds must be in 0..3, not 4..4"),
    (lambda: chain(conv(ending=Thresholds(zeros(2) - 1))), "conv2d0: thresholds must be in 0..3, not -1..-1"),
    # With zeros for padding they are on dots.
    (
        lambda: chain(conv(ending=Thresholds(zeros(2) - 3), pad="zero")),
        "conv2d0: thresholds must be in -2..3, not -3..-3",
    ),
    (
        lambda: chain(conv(ending=Thresholds(zeros(2) + 4), pad="zero")),
        "conv2d0: thresholds must be in -2..3, not 4..4",
    ),
    (lambda: chain(conv(pad="zero"), rule=INTEGERS), "conv2d0: pad must be in 0..7 for integers, not 'zero'"),
    (lambda: chain(conv(pad=8), rule=INTEGERS), "conv2d0: pad must be in 0..7, not 8"),
    (lambda: chain(conv(pad=-1)), "conv2d0: pad must be in 0..1, not -1"),
    (
        lambda: chain(conv(mh=4, depth=1, groups=4)),
        "conv2d0: takes images of 4 channels, but gets shape (4, 4, 2)",
    ),
    (
        lambda: chain(conv(ending=Ranks(zeros(2, 4)))),
        "conv2d0: table must have 3 columns, for sums in 0..2, not 4",
    ),
    (
        lambda: chain(conv(ending=Ranks(zeros(2, 3)), pad="zero")),
        "conv2d0: table must have 5 columns, for sums in -2..2, not 3",
    ),
    (
        lambda: chain(conv(ending=Ranks(zeros(2, 28))), rule=INTEGERS),
        "conv2d0: table must have 29 columns, for sums in -14..14, not 28",
    ),
    (
        lambda: network(conv(kernel=2, depth=4), scores(), rule=Thermometer((32,), (8,))),
        "conv2d0: takes images of 4 channels, but gets shape (32,)",
    ),
    (
        lambda: network(conv(depth=3), scores(), rule=Thermometer((32,), (8,))),
        "conv2d0: takes images of 3 channels, but gets shape (32,)",
    ),
    (lambda: chain(SumPool((5, 1))), "sumpool0: kernel must fit the padded image, 4x4, not be 5x1"),
    (lambda: chain(conv(kernel=3, dilation=2)), "conv2d0: kernel must fit the padded image, 4x4, not be 5x5"),
    (
        lambda: network(Dense(bits(4, 32), Thresholds(zeros(4))), SumPool(), scores()),
        "sumpool1: takes an image, but gets shape (4,)",
    ),
    (
        lambda: network(Dense(bits(4, 32), Bias(zeros(4))), MaxPool(), scores()),
        "maxpool1: takes an image, but gets int of shape (4,)",
    ),
]

WRONG_NUMBERS = [
    (lambda: Thresholds(zeros(2, 16)), "thresholds must be 1..15 levels, not 16"),
    (lambda: Threshold(zeros(2, 16)), "thresholds must be 1..15 levels, not 16"),
    (lambda: Threshold(zeros(2, 3, 16)), "thresholds must be 1..15 levels, not 16"),
    (lambda: Thresholds([[0, 1], [2, 1]]), "thresholds of neuron 1 must not fall, from 2 to 1"),
    (lambda: Threshold([[3, 3, 2]]), "thresholds of neuron 0 must not fall, from 3 to 2"),
    (lambda: Threshold([[[0, 0], [0, 0]], [[0, 0], [0, -1]]]), "thresholds of neuron 1 must not fall, from 0 to -1"),
    (lambda: Thresholds(zeros(2, 2, 2)), "thresholds must be one for each neuron, not of shape (2, 2, 2)"),
    (lambda: Thresholds(zeros(2, 0)), "thresholds must be one for each neuron, not of shape (2, 0)"),
    (lambda: Threshold(zeros(2)), "thresholds must be a row for each neuron, not of shape (2,)"),
    (lambda: Threshold(zeros(2, 0, 2)), "thresholds must be a row for each neuron, not of shape (2, 0, 2)"),
    (lambda: Threshold([[1 << 30]]), "thresholds must be within ±1073741823, not 1073741824..1073741824"),
    (lambda: Threshold([[0.5]]), "thresholds must be integers, not float64"),
    (lambda: Ranks(zeros(2)), "table must be a row for each neuron, not of shape (2,)"),
    (lambda: Ranks([[0, 1 << 30]]), "table must be within ±1073741823, not 0..1073741824"),
    (lambda: Dense(bits(2, 4), Ranks(zeros(3, 5))), "table must have shape (2,), not (3,)"),
    (lambda: Dense(bits(2, 4), Thresholds(zeros(3, 5))), "thresholds must have shape (2,), not (3,)"),
    (lambda: Bias(zeros(2), 17), "shift must be in 0..16, not 17"),
    (lambda: Bias(zeros(2), -1), "shift must be in 0..16, not -1"),
    (lambda: Add((0, 17)), "shifts must be two numbers in 0..16, not (0, 17)"),
    (lambda: Add((-1, 0)), "shifts must be two numbers in 0..16, not (-1, 0)"),
    (lambda: Add((0,)), "shifts must be two numbers in 0..16, not (0,)"),
    (lambda: SumPool((0, 1)), "kernel must be at least 1, not (0, 1)"),
    (lambda: SumPool((1, 1), 0), "stride must be at least 1, not (0, 0)"),
    (lambda: conv(mh=4, groups=3), "groups must divide the 4 filters, not be 3"),
    (lambda: conv(mh=2, groups=4), "groups must divide the 2 filters, not be 4"),
    (lambda: conv(groups=0), "groups must divide the 2 filters, not be 0"),
    (lambda: conv(groups=-1), "groups must divide the 2 filters, not be -1"),
    (lambda: conv(dilation=0), "dilation must be at least 1, not (0, 0)"),
    (
        lambda: conv(kernel=2, dilation=(2, 1), padding=(3, 1)),
        "padding must be at least 0 and less than the kernel, 3x2, not (3, 1)",
    ),
]

LAST = "the last layer must give scores, integers of one axis; end it in Bias"

NO_SCORES = [
    (lambda: network(Dense(bits(4, 32), Thresholds(zeros(4)))), LAST),
    (lambda: network(Dense(bits(4, 32), Thresholds(zeros(4, 3)))), LAST),
    (lambda: network(conv()), LAST),
    (lambda: network(SumPool((4, 2), (1, 1))), LAST),
    (lambda: network(MaxPool((4, 4), (1, 1)), rule=INTEGERS), LAST),
    (lambda: network(), LAST),
]


@pytest.mark.parametrize(("make", "message"), [*WRONG_SOURCES, *WRONG_PLACES, *WRONG_NUMBERS, *NO_SCORES])
def test_wrong_values_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize(("make", "message"), WRONG_TYPES)
def test_wrong_types_are_refused(make, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        make()


def twice(shift, times):
    """Sums of a tensor with itself, each so much larger."""
    return [Add((shift, shift))] * times, tuple((index - 1, index - 1) for index in range(times))


def test_integers_are_not_wider_than_hardware():
    layers, sources = twice(16, 2)
    with pytest.raises(ValueError, match=r"^add2: integers must fit 48 bits, not be in 0\.\.15762598695796736$"):
        network(*layers, Add((16, 16)), scores(), rule=INTEGERS, sources=(*sources, (1, 1), (2,)))


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        (Thresholds(zeros(2)), "dense3: integers must fit 48 bits, not be in -246290604621824..246290604621824"),
        (Bias(zeros(2)), "scores3: integers must fit 48 bits, not be in -246290604621824..246290604621824"),
        (Ranks(zeros(2, 9)), "scores3: integers must fit 48 bits, not be in -246290604621824..246290604621824"),
    ],
)
def test_dots_are_not_wider_than_hardware(ending, message):
    layers, sources = twice(16, 2)
    layers, sources = [*layers, Add((5, 5))], (*sources, (1, 1))
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        network(*layers, Dense(bits(2, 32), ending), rule=INTEGERS, sources=(*sources, (2,)))


def test_a_graph_describes_itself():
    layers = (conv(ending=Thresholds(zeros(2, 3))), Add((2, 0)), Threshold(zeros(2, 2, 1)), SumPool((4, 4), (1, 1)))
    graph = network(*layers, sources=((IMAGE,), (0, IMAGE), (1, IMAGE), (2,)))
    assert graph.names == ("conv2d0", "add1", "threshold2", "sumpool3")
    assert graph.tensors == (
        Tensor((4, 4, 2)),
        Tensor((4, 4, 2), Element.UINT, 2, (0, 3)),
        Tensor((4, 4, 2), Element.INT, 5, (-1, 13)),
        Tensor((4, 4, 2)),
        Tensor((1, 1, 2), Element.INT, 6, (-16, 16)),
    )
    assert [step.sources for step in graph.steps()] == list(graph.sources)
    assert graph.classes == 2


def test_sources_of_a_chain_are_kept_empty():
    assert network(conv(), scores(), sources=((IMAGE,), (0,))).sources == ()
    assert network(conv(), scores(), sources=[[np.int64(-1)], [0]]).sources == ()
