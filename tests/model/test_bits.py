"""Bits and their order."""

import doctest

import numpy as np
import pytest

from xnorflow.model import bits
from xnorflow.model.bits import binarize, bipolar, pack, pack_bytes, pack_rows, unpack, unpack_bytes
from xnorflow.model.data import idx


@pytest.mark.parametrize("module", [bits, idx])
def test_examples_in_docstrings_are_true(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(("value", "bit"), [(-1.5, 0), (-1e-45, 0), (-0.0, 1), (0.0, 1), (1e-45, 1), (7, 1)])
def test_sign_of_zero_is_plus_one(value, bit):
    assert binarize([value]).tolist() == [bit]
    assert bipolar(binarize([value])).tolist() == [2 * bit - 1]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 129])
def test_element_0_is_bit_0_in_words_and_bytes(count):
    rows = np.random.default_rng(seed=count).integers(0, 2, (5, count), np.uint8)
    words = pack_rows(rows)
    assert words == [pack(row) for row in rows]
    assert words == [sum(int(bit) * 2**position for position, bit in enumerate(row)) for row in rows]
    assert [unpack(word, count).tolist() for word in words] == rows.tolist()
    packed = pack_bytes(rows)
    assert packed.shape == (5, -(-count // 8))
    assert (unpack_bytes(packed, count) == rows).all()
    assert [int.from_bytes(row.tobytes(), "little") for row in packed] == words
