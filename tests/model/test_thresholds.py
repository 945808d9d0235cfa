"""Batch norm and sign folded into thresholds: equal to the formula for every dot, however hard the parameters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.parameters import batch_norms, exact_sign
from xnorflow.model.exact.batchnorm import count_matches, fold_batchnorm, fold_dots

ONE = {name: np.array([value], np.float32) for name, value in (("gamma", 1), ("beta", 0), ("mean", 0), ("var", 1))}


@settings(deadline=None, max_examples=200)
@given(parameters=batch_norms(1), mw=st.integers(1, 12))
def test_threshold_gives_the_formulas_sign_for_every_dot(parameters, mw):
    (flip,), (threshold,) = fold_batchnorm(**parameters, mw=mw)
    for matches in range(mw + 1):
        neuron = {name: float(np.ravel(values)[0]) for name, values in parameters.items()}
        expected = exact_sign(2 * matches - mw, **neuron) >= 0
        assert ((mw - matches if flip else matches) >= threshold) == expected


@settings(deadline=None, max_examples=100)
@given(parameters=batch_norms(1), limit=st.integers(1, 9))
def test_threshold_on_integers_gives_the_formulas_sign_for_every_dot(parameters, limit):
    (flip,), (threshold,) = fold_dots(**parameters, limit=limit)
    assert -limit <= threshold <= limit + 1
    neuron = {name: float(np.ravel(values)[0]) for name, values in parameters.items()}
    for dot in range(-limit, limit + 1):
        assert ((-dot if flip else dot) >= threshold) == (exact_sign(dot, **neuron) >= 0)


@pytest.mark.parametrize("mw", [1, 4, 7])
def test_thresholds_on_dots_and_on_matches_are_the_same(mw):
    for threshold in range(-mw, mw + 2):
        (counted,) = count_matches(np.array([threshold]), mw)
        assert all((matches >= counted) == (2 * matches - mw >= threshold) for matches in range(mw + 1))
        assert 0 <= counted <= mw + 1


@pytest.mark.parametrize(
    ("gamma", "beta", "flip", "threshold"),
    [
        # Dots -4 -2 0 2 4 of four inputs; a tie at 0 gives 1, with either sign of the scale.
        (1, 0, False, 2),
        (-1, 0, True, 2),
        (1e-30, 0, False, 2),
        (1, -4, False, 4),
        (1, -4.0000005, False, 5),
        (1, 4, False, 0),
        (-1, -4, True, 4),
        # A scale of zero leaves the sign of the shift: a constant.
        (0, 0, False, 0),
        (-0.0, 0, False, 0),
        (0, 1e-45, False, 0),
        (0, -1e-45, False, 5),
    ],
)
def test_ties_negative_tiny_and_zero_scales(gamma, beta, flip, threshold):
    neuron = {**ONE, "gamma": np.array([gamma], np.float32), "beta": np.array([beta], np.float32)}
    flips, thresholds = fold_batchnorm(**neuron, eps=0.0, mw=4)
    assert (flips.tolist(), thresholds.tolist()) == ([flip], [threshold])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("gamma", np.nan, "batch norm gamma of neuron 1 must be finite, not nan"),
        ("beta", np.inf, "batch norm beta of neuron 1 must be finite, not inf"),
        ("mean", -np.inf, "batch norm mean of neuron 1 must be finite, not -inf"),
        ("var", np.nan, "batch norm var of neuron 1 must be finite, not nan"),
        ("var", -1.0, "batch norm var must be above -eps, not -1.0"),
    ],
)
def test_what_is_no_batch_norm_is_refused(name, value, message):
    neurons = {**{key: np.repeat(values, 2) for key, values in ONE.items()}, name: np.array([1, value], np.float32)}
    with pytest.raises(ValueError, match=f"^{message}$"):
        fold_batchnorm(**neurons, eps=1e-5, mw=4)


@pytest.mark.parametrize(
    ("eps", "kind", "message"),
    [
        (np.inf, ValueError, "eps must be finite and 0 or more, not inf"),
        (np.nan, ValueError, "eps must be finite and 0 or more, not nan"),
        (-1e-5, ValueError, "eps must be finite and 0 or more, not -1e-05"),
        (None, TypeError, "eps must be a number, not None"),
        (True, TypeError, "eps must be a number, not True"),
    ],
)
def test_an_eps_out_of_its_range_is_refused(eps, kind, message):
    with pytest.raises(kind, match=f"^{message}$"):
        fold_batchnorm(**ONE, eps=eps, mw=4)


def test_an_eps_of_numpys_is_taken():
    assert fold_batchnorm(**ONE, eps=np.float32(0.5), mw=4) == fold_batchnorm(**ONE, eps=0.5, mw=4)
