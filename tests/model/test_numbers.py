"""Whole numbers in the network's records: numpy's become Python's, and anything else is refused when it is made."""

import dataclasses
import re

import numpy as np
import pytest

from xnorflow.model.ir import Affine, Bias, Conv2d, Dense, MaxPool, Network, Thermometer, Thresholds
from xnorflow.model.outlines import Filters, Neurons
from xnorflow.model.store import load, save

ZEROS = np.zeros((2, 3, 3, 1), np.uint8)
SCORES = Dense(np.zeros((2, 4)), Bias([0, 0]))
RULE = Thermometer((2, 2), (8,))


def convolution(**numbers):
    return Conv2d(ZEROS, Thresholds(np.zeros(2, int)), **numbers)


@pytest.mark.parametrize(
    ("record", "same"),
    [
        (Thermometer([np.int64(5), 4], np.array([8, 9], np.uint8)), Thermometer((5, 4), (8, 9))),
        (Thermometer(np.array([5, 4]), range(1, 4)), Thermometer((5, 4), (1, 2, 3))),
        (
            Affine(np.array([9]), np.int8(-3), np.uint8(7), np.int32(5), np.int64(4), np.bool_(True)),
            Affine((9,), -3, 7, 5, 4, True),
        ),
        (MaxPool(2, [np.int64(2), 1]), MaxPool((2, 2), (2, 1))),
        (Neurons(np.int64(7)), Neurons(7)),
        (Filters(np.uint8(7), 3, np.int16(2), [1, 0], np.int64(1)), Filters(7, (3, 3), (2, 2), (1, 0), 1)),
    ],
)
def test_integers_become_pythons(record, same):
    assert record == same
    for field in dataclasses.fields(record):
        ours, theirs = getattr(record, field.name), getattr(same, field.name)
        assert type(ours) is type(theirs)
        assert not isinstance(ours, tuple) or {type(value) for value in ours} == {int}


def test_numbers_of_a_convolution_become_pythons():
    layer = convolution(stride=2, padding=np.array([1, 2]), pad=np.uint8(1))
    assert (layer.stride, layer.padding, layer.pad) == ((2, 2), (1, 2), 1)
    assert {type(value) for value in (*layer.stride, *layer.padding, layer.pad)} == {int}


def test_numpys_integers_can_be_saved(tmp_path):
    rule = Thermometer(np.array([2, 2]), np.array([8], np.uint8))
    network = Network(
        "n", rule, [convolution(padding=[np.int64(1), np.int8(1)]), Dense(np.zeros((3, 8)), Bias(np.zeros(3, np.int8)))]
    )
    save(network, tmp_path / "model")
    assert load(tmp_path / "model").input == Thermometer((2, 2), (8,))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Thermometer((2,), (1.5,)), "levels must be integers, not 1.5"),
        (lambda: Thermometer((2,), (8, 9.0)), "levels must be integers, not 9.0"),
        (lambda: Thermometer((2,), np.array([8.0])), "levels must be integers, not 8.0"),
        (lambda: Thermometer((2,), (True,)), "levels must be integers, not True"),
        (lambda: Thermometer((2,), 8), "levels must be a tuple of integers, not 8"),
        (lambda: Thermometer((2,), "89"), "levels must be a tuple of integers, not '89'"),
        (lambda: Thermometer(28, (8,)), "shape must be a tuple of integers, not 28"),
        (lambda: Thermometer((28.0, 28), (8,)), "shape must be integers, not 28.0"),
        (lambda: Thermometer(np.zeros((1, 2), int), (8,)), "shape must be integers, not [0, 0]"),
        (lambda: Affine((2.0,)), "shape must be integers, not 2.0"),
        (lambda: Affine((2,), 1.5), "multiplier must be an integer, not 1.5"),
        (lambda: Affine((2,), offset=0.0), "offset must be an integer, not 0.0"),
        (lambda: Affine((2,), divisor=True), "divisor must be an integer, not True"),
        (lambda: Affine((2,), width="8"), "width must be an integer, not '8'"),
        (lambda: Affine((2,), signed=1), "signed must be True or False, not 1"),
        (lambda: convolution(stride=(1.0, 1)), "stride must be integers, not 1.0"),
        (lambda: convolution(stride=1.0), "stride must be an integer or a pair of integers, not 1.0"),
        (lambda: convolution(padding="same"), "padding must be an integer or a pair of integers, not 'same'"),
        (lambda: convolution(pad=1.0), "pad must be an integer, not 1.0"),
        (lambda: MaxPool(True), "kernel must be an integer or a pair of integers, not True"),
        (lambda: MaxPool(stride=2.0), "stride must be an integer or a pair of integers, not 2.0"),
        (lambda: Filters(8.0), "count must be an integer, not 8.0"),
        (lambda: Filters(8, (3, 3.0)), "kernel must be integers, not 3.0"),
        (lambda: Neurons(True), "count must be an integer, not True"),
        (lambda: Network(7, RULE, (SCORES,)), "name must be a string, not 7"),
        (lambda: Network("n", RULE, (SCORES,), dataset=None), "dataset must be a string, not None"),
        (lambda: Network("n", RULE, (SCORES,), provenance={"seed": 1}), "provenance must be a string, not 1"),
        (lambda: Network("n", RULE, (SCORES,), provenance={1: "seed"}), "provenance must be a string, not 1"),
        (lambda: Network("n", (2, 2), (SCORES,)), "input must be Thermometer or Affine, not tuple"),
        (
            lambda: Network("n", RULE, (None, SCORES)),
            "layers must be Dense, Conv2d, MaxPool, SumPool, Threshold, Add, not NoneType",
        ),
    ],
)
def test_what_is_no_integer_is_refused(make, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize("value", [(2,), (2, 2, 2), [], np.array([1, 2, 3])])
def test_a_pair_is_two(value):
    shown = re.escape(str(tuple(int(number) for number in value)))
    with pytest.raises(ValueError, match=f"^kernel must be an integer or a pair of integers, not {shown}$"):
        MaxPool(value)


def test_arrays_are_kept_in_cs_order():
    layer = Dense(np.asfortranarray(np.eye(4, dtype=np.uint8)[:, ::-1]), Thresholds(np.arange(8)[::2]))
    assert layer.weights.flags.c_contiguous
    assert layer.ending.thresholds.flags.c_contiguous
