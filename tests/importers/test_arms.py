"""Numbers with different roots: residual arms that have a batch normalization each, and ranks of scores."""

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import chain as joined

import numpy as np
import pytest

from tests.importers.graphs import bipolar, bits, check
from tests.importers.reference import reference
from xnorflow.model import golden
from xnorflow.model.exact.arms import sign_of_arms, term_of_arms
from xnorflow.model.exact.curve import Curve, constant, value_at
from xnorflow.model.exact.node import ImportRefused
from xnorflow.model.exact.order import rank, rank_lines
from xnorflow.model.exact.signal import Pixels, Signal, Term
from xnorflow.model.exact.surd import ONE, ZERO, Surd, root
from xnorflow.model.qonnx.reader import import_qonnx
from xnorflow.model.tensors import integers_in

LIMIT = 40


def surd(rng, radicand):
    a, b = (Fraction(int(rng.integers(-99, 100)), int(rng.integers(1, 20))) for _ in range(2))
    return Surd(a) + Surd(b) * root(Surd(Fraction(radicand)))


def decimal(number):
    a, b, v = (Decimal(part.numerator) / Decimal(part.denominator) for part in (number.a, number.b, number.v))
    return a + b * v.sqrt()


def arm(curve):
    tensor = integers_in((1,), -LIMIT, LIMIT)
    return Signal(Pixels((1,)), tensor, np.zeros((1,), np.int64), (curve,))


@pytest.mark.parametrize("seed", range(40))
def test_signs_of_sums_are_those_of_60_digits(seed):
    rng = np.random.default_rng(seed)
    line = Curve((0,), ((surd(rng, 7), surd(rng, 7)),))
    starts = (0, 9, 30)
    steps = Curve(starts, tuple((surd(rng, 0), surd(rng, 11)) for _ in starts))
    factors = (surd(rng, 0), surd(rng, 0))
    arms = [arm(line), arm(steps)]
    domain = arms[0].domain
    level = surd(rng, (0, 7, 11)[seed % 3])
    term = term_of_arms(Term("sum", -ONE, ImportRefused("two roots")), arms, factors)
    found = sign_of_arms(arms[0], term, level)
    with localcontext() as context:
        context.prec = 60
        for place in range(len(domain)):
            one, other = (value_at(domain, curve, place) for curve in (line, steps))
            total = decimal(level) - sum(decimal(n) * decimal(f) for n, f in zip((one, other), factors, strict=True))
            assert value_at(domain, found.curves[0], place).sign == (total > 0) - (total < 0)


def test_sum_that_is_0_has_no_sign():
    # 3 * sqrt(8) is 6 * sqrt(2), though the roots are different ones.
    one, other = (Curve((0,), ((root(Surd(Fraction(8))), ZERO),)), constant(root(Surd(Fraction(2))).times(6)))
    term = term_of_arms(Term("sum", ONE, ImportRefused("two roots")), [arm(one), arm(other)], (ONE, -ONE))
    (found,) = sign_of_arms(arm(one), term, ZERO).curves
    signs = [value_at(range(-LIMIT, LIMIT + 1), found, place).sign for place in range(2 * LIMIT + 1)]
    assert signs == [-1] * (LIMIT + 3) + [0] + [1] * (LIMIT - 3)


def normalized(rng, chain, channels):
    parameters = [rng.normal(size=channels) + 0.3, rng.normal(size=channels), rng.normal(size=channels)]
    return chain.add("BatchNormalization", *parameters, rng.uniform(0.5, 4, channels), epsilon=1e-5)


def residual(rng, first, second):
    """A block whose arms both end in a batch normalization, and what comes behind their sum."""
    chain = bits(1, 2, 6, 6)
    image = chain.tail
    one = normalized(rng, chain.add("Conv", bipolar(rng, *first), pads=[1] * 4 if first[-1] == 3 else [0] * 4), 5).tail
    chain.tail = image
    other = normalized(rng, chain.add("Conv", bipolar(rng, *second)), 5).tail
    chain.tail = chain.node("Add", [one, other])
    return chain


def through(rng, chain, ending):
    if ending == "detached":
        data = chain.tail
        sign = chain.add("BipolarQuant", 1.0).tail
        chain.tail = chain.node("Add", [data, chain.node("Sub", [sign, data])])
    elif ending == "where":
        data = chain.tail
        found = chain.add("GreaterOrEqual", 0.0).tail
        chain.tail = chain.node("Where", [found, chain.constant(1.0), chain.constant(-1.0)])
    elif ending == "less than a level":
        chain.add("Add", 0.25).add("Neg").add("Reshape", np.array([1, 5, 6, 6])).add("BipolarQuant", 1.0)
    else:
        chain.add("BipolarQuant", 1.0)
    return chain.add("Flatten").add("MatMul", bipolar(rng, 180, 4))


@pytest.mark.parametrize("ending", ["bipolar", "where", "detached", "less than a level"])
def test_arms_with_a_normalization_each_are_imported(tmp_path, ending):
    rng = np.random.default_rng(seed=0)
    chain = through(rng, residual(rng, (5, 2, 1, 1), (5, 2, 1, 1)), ending)
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    images = rng.integers(0, 256, (40, 6, 6, 2), np.uint8)
    expected = reference(chain.model(), images.transpose(0, 3, 1, 2) / 255)
    assert np.array_equal(golden.predict(network, images), expected.argmax(axis=1))


def test_other_uses_of_such_a_sum_are_refused(tmp_path):
    rng = np.random.default_rng(seed=0)
    chain = residual(rng, (5, 2, 1, 1), (5, 2, 1, 1)).add("Relu").add("BipolarQuant", 1.0)
    path = chain.add("Flatten").add("MatMul", bipolar(rng, 180, 4)).save(tmp_path / "network.onnx")
    check(
        path,
        "Add_6 (Add): the sum of two normalizations is real-valued and goes on, as a shortcut of Bi-Real Net, where "
        "only its sign may; binarize it and train again, or quantize it and export so that normalizations are folded "
        "(dynamo=True)",
    )


@pytest.mark.parametrize("roots", [(0, 0, 0), (2, 8, 18), (3, 5, 7)])
def test_ranks_of_lines_are_those_of_all_their_numbers(roots):
    rng = np.random.default_rng(seed=1)
    lines = [(surd(rng, v), surd(rng, v)) for v in roots]
    lines += [(scale, offset - scale.times(4)) for scale, offset in lines]
    domain = range(-60, 61, 2)
    numbers = [scale.times(number) + offset for scale, offset in lines for number in domain]
    assert list(joined.from_iterable(rank_lines(domain, lines))) == rank(numbers)
