"""Exact numbers with a square root in them, biases as integers, and pixels as lines."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xnorflow.model.exact.pixels import fit, table
from xnorflow.model.exact.rounding import ROUNDING, floor, rounded
from xnorflow.model.exact.scores import integer_biases
from xnorflow.model.exact.surd import InexactError, Surd, root
from xnorflow.model.inputs import Affine

SMALL = st.fractions(-20, 20, max_denominator=12)


def number(a, b, v):
    return Surd(Fraction(a)) + Surd(Fraction(b)) * root(Surd(Fraction(v)))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(a=SMALL, b=SMALL, c=SMALL, d=SMALL, v=st.fractions(0, 20, max_denominator=12))
def test_arithmetic_is_that_of_numbers(a, b, c, d, v):
    left, right = number(a, b, v), number(c, d, v)
    one, other = a + b * math.sqrt(v), c + d * math.sqrt(v)
    for result, expected in ((left + right, one + other), (left - right, one - other), (left * right, one * other)):
        assert float(result.a) + float(result.b) * math.sqrt(result.v) == pytest.approx(expected, abs=1e-9)
    assert (left - left).sign == 0
    if abs(one) > 1e-9:
        assert left.sign == math.copysign(1, one)
    if abs(other) > 1e-3:
        quotient = left / right
        assert (quotient * right - left).sign == 0


def test_signs_are_exact_where_floats_are_not():
    # sqrt(2) between two neighbours that are closer than doubles can tell.
    near = Fraction(math.isqrt(2 * 10**80), 10**40)
    two = root(Surd(Fraction(2)))
    assert (two - Surd(near)).sign == 1
    assert (two - Surd(near + Fraction(1, 10**40))).sign == -1
    assert root(Surd(Fraction(9, 4))) == Surd(Fraction(3, 2))


def test_two_roots_do_not_combine():
    with pytest.raises(
        InexactError, match=r"^combines two different square roots; put a binarization between the two normalizations$"
    ):
        root(Surd(Fraction(2))) + root(Surd(Fraction(3)))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(st.fractions(-4, 4, max_denominator=5), min_size=2, max_size=4), st.booleans())
def test_integer_biases_keep_every_class(biases, odd):
    found = integer_biases([bias - biases[0] for bias in biases], biases[0])
    if found is None:
        # Two values are always possible, and so are biases that fall with the index.
        assert len({bias % 2 for bias in biases}) > 2
        return
    for dots in itertools.product(range(-4 + odd, 6, 2), repeat=len(biases)):
        real = [dot + bias for dot, bias in zip(dots, biases, strict=True)]
        whole = [dot + bias for dot, bias in zip(dots, found, strict=True)]
        assert real.index(max(real)) == whole.index(max(whole))


@pytest.mark.parametrize("mode", sorted(ROUNDING))
@pytest.mark.parametrize(
    ("width", "signed", "scale", "offset"),
    [
        (8, True, Fraction(256, 255), Fraction(-128)),
        (8, False, Fraction(1), Fraction(0)),
        (4, True, Fraction(np.float32(1 / 17.0).item()), Fraction(-7)),
        (3, False, Fraction(7, 254), Fraction(1, 9)),
        (2, True, Fraction(-1, 81), Fraction(1)),
    ],
)
def test_a_quantized_pixel_is_a_line(mode, width, signed, scale, offset):
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    wanted = [min(max(ROUNDING[mode](scale * pixel + offset), low), high) for pixel in range(256)]
    rule = fit((1,), wanted, width=width, signed=signed)
    if rule is None:
        # Towards zero and away from it are two lines where there are pixels on both sides.
        assert signed
        assert mode in ("UP", "DOWN")
    else:
        assert table(rule) == wanted


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    multiplier=st.integers(-300, 300),
    offset=st.integers(-40000, 40000),
    divisor=st.integers(1, 300),
    width=st.integers(2, 8),
    signed=st.booleans(),
)
def test_any_line_is_found_again(multiplier, offset, divisor, width, signed):
    rule = Affine((1,), multiplier, offset, divisor, width, signed)
    if len(set(table(rule))) > 2:
        found = fit((1,), table(rule), width=width, signed=signed)
        assert table(found) == table(rule)
        assert found.divisor <= rule.divisor


@settings(derandomize=True, max_examples=200, deadline=None)
@given(a=SMALL, b=SMALL, v=st.fractions(0, 20, max_denominator=12), mode=st.sampled_from(sorted(ROUNDING)))
def test_numbers_with_a_root_are_rounded_as_numbers_near_by(a, b, v, mode):
    value = number(a, b, v)
    assert (value - Surd(Fraction(floor(value)))).sign >= 0
    assert (value - Surd(Fraction(floor(value) + 1))).sign < 0
    near = value.a + value.b * Fraction(math.isqrt(int(value.v * 10**60)), 10**30)
    if value.b:
        assert rounded(value, mode) == ROUNDING[mode](near)
