"""Products of bits in words of 64, and when they are taken."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.networks import random_images, random_network
from xnorflow.model import golden, packed
from xnorflow.model.bits import pack_words
from xnorflow.model.ir import Bias, Conv2d, Dense, Element, Network, Ranks, Step, Tensor, Thermometer, Thresholds
from xnorflow.model.zoo import random_network as zoo_network

numba = pytest.mark.packages("numba")

SMALL = random_network((70, 65, 3))


def step_of(layer, shape):
    tensor = Tensor(shape)
    return Step("layer", 0, layer, (tensor,), layer.output(tensor), (-1,))


def bits(*shape):
    return np.random.default_rng(seed=len(shape)).integers(0, 2, shape, dtype=np.uint8)


@numba
@pytest.mark.parametrize("size", [1, 7, 8, 63, 64, 65, 127, 128, 129, 1000])
@pytest.mark.parametrize("neurons", [1, 3, 64, 130])
def test_dense_layers_are_equal(size, neurons):
    weights = bits(neurons, size)
    levels = np.random.default_rng(seed=size).integers(0, size + 2, (neurons, 3))
    table = np.random.default_rng(seed=size).integers(-99, 99, (neurons, size + 1))
    for ending in (Thresholds(np.sort(levels, axis=1)), Bias(np.arange(neurons) - 1, shift=2), Ranks(table)):
        step = step_of(Dense(weights, ending), (size,))
        values = bits(9, size)
        values[0], values[1], values[2] = 0, 1, weights[0]
        found = packed.apply(packed.kernel_for(zoo_network("cnv"), 1_000_000), step, values)
        expected = step.layer.apply(step.input, values)
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


@numba
@pytest.mark.parametrize("channels", [1, 5, 64, 65])
@pytest.mark.parametrize("pad", [0, 1, "zero"])
@pytest.mark.parametrize(
    "windows",
    [
        {},
        {"stride": (2, 3)},
        {"padding": (1, 2)},
        {"padding": (0, 2, 1, 1), "stride": (2, 1)},
        {"padding": (1, 1), "dilation": (3, 2)},
        {"padding": (0, 3), "dilation": (1, 2), "stride": (3, 2)},
    ],
)
def test_convolutions_are_equal(channels, pad, windows):
    layer = Conv2d(bits(6, 2, 3, channels), Bias(np.arange(6)), pad=pad, **windows)
    step = step_of(layer, (7, 8, channels))
    kernel = packed.kernel_for(zoo_network("cnv"), 1_000_000)
    for values in (bits(5, 7, 8, channels), bits(0, 7, 8, channels)):
        assert np.array_equal(packed.apply(kernel, step, values), layer.apply(step.input, values))


@pytest.mark.parametrize(
    ("layer", "tensor", "fits"),
    [
        (Dense(bits(2, 16), Bias([0, 0])), Tensor((16,)), True),
        (Dense(bits(2, 15), Bias([0, 0])), Tensor((15,)), False),
        (Dense(bits(2, 16), Bias([0, 0])), Tensor((16,), Element.UINT, 2), False),
        (Conv2d(bits(2, 1, 1, 16), Bias([0, 0])), Tensor((3, 3, 16)), True),
        (Conv2d(bits(2, 3, 3, 15), Bias([0, 0])), Tensor((3, 3, 15)), False),
        (Conv2d(bits(2, 1, 1, 65), Bias([0, 0])), Tensor((3, 3, 65)), True),
        (Conv2d(bits(2, 1, 1, 16), Bias([0, 0]), groups=2), Tensor((3, 3, 32)), False),
    ],
)
def test_only_bits_of_enough_channels_and_one_group(layer, tensor, fits):
    assert packed.applies(Step("layer", 0, layer, (tensor,), layer.output(tensor), (-1,))) is fits


def test_words_hold_each_bit_once():
    for size in (1, 8, 63, 64, 65, 200):
        rows = bits(3, 2, size)
        words = pack_words(rows)
        assert (words.shape, words.dtype) == ((3, 2, -(-size // 64)), np.uint64)
        assert np.array_equal(np.bitwise_count(words).sum(axis=-1), rows.sum(axis=-1))
    # Each bit has one of its own.
    assert len({tuple(word) for word in pack_words(np.eye(130, dtype=np.uint8)).tolist()}) == 130


def forget():
    packed._kernel.cache_clear()


@pytest.fixture
def cold(monkeypatch):
    """No kernel was needed yet."""
    monkeypatch.delenv(packed.KERNELS, raising=False)
    forget()
    yield
    forget()


@numba
@pytest.mark.usefixtures("cold")
def test_a_kernel_is_there_from_the_first_large_task_on(monkeypatch):
    few = packed.LARGE // SMALL.multiplications
    assert packed.kernel_for(SMALL, few) is None
    kernel = packed.kernel_for(SMALL, few + 1)
    assert kernel is not None
    assert packed.kernel_for(SMALL, 1) is kernel
    monkeypatch.setenv(packed.KERNELS, "0")
    assert packed.kernel_for(SMALL, few + 1) is None
    forget()
    monkeypatch.setenv(packed.KERNELS, "1")
    assert packed.kernel_for(SMALL, 1) is kernel


@pytest.mark.usefixtures("cold")
def test_without_numba_numpy_does_all(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "xnorflow.model.kernels", raising=False)
    assert packed.kernel_for(SMALL, packed.LARGE) is None
    monkeypatch.setenv(packed.KERNELS, "1")
    message = r"^XNORFLOW_KERNELS must be 0 where numba does not run, not 1; pip install 'xnorflow\[fast\]'$"
    with pytest.raises(ValueError, match=message):
        golden.predict(SMALL, random_images(SMALL, 1))


def test_the_variable_is_0_or_1(monkeypatch):
    monkeypatch.setenv(packed.KERNELS, "no")
    with pytest.raises(ValueError, match=r"^XNORFLOW_KERNELS must be 0 or 1, not 'no'$"):
        golden.predict(SMALL, random_images(SMALL, 1))


@pytest.mark.parametrize(("told", "count"), [("1", 1), ("2", 2), ("3,2", 3), ("0", None), ("", None), ("x", None)])
def test_threads_are_told_as_numpys_are(told, count, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert packed.threads() == (count or len(os.sched_getaffinity(0)))


@numba
@pytest.mark.parametrize("count", ["1", "2", "5"])
def test_batches_keep_their_order_on_several_threads(count, monkeypatch):
    network = random_network((70, 65, 3))
    images = random_images(network, 7777)
    monkeypatch.setenv(packed.KERNELS, "0")
    scores, steps = golden.forward(network, images), golden.trace(network, images)
    monkeypatch.setenv(packed.KERNELS, "1")
    monkeypatch.setenv("OMP_NUM_THREADS", count)
    assert np.array_equal(golden.forward(network, images), scores)
    assert all(np.array_equal(a, b) for a, b in zip(golden.trace(network, images), steps, strict=True))


class StopError(Exception):
    """What a batch may meet."""


def stop(*_arguments):
    raise StopError


@numba
def test_an_error_on_a_thread_is_an_error(monkeypatch):
    monkeypatch.setenv(packed.KERNELS, "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr(golden, "quantize", stop)
    with pytest.raises(StopError):
        golden.forward(SMALL, random_images(SMALL, 3000))


PROGRAM = """
import sys
import numpy as np
from xnorflow.model import golden
from xnorflow.model.zoo import random_network
scores = golden.forward(random_network("tfc"), np.zeros((2, 28, 28), np.uint8))
print("numba" in sys.modules, scores.tolist())
"""


def run(**variables):
    environment = {**os.environ, **variables}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    return result.stdout.split(maxsplit=1)


@numba
def test_a_small_task_does_not_import_numba_and_a_cache_is_not_needed():
    # The only place where numba would look for its cache has none.
    environment = {"NUMBA_CACHE_LOCATOR_CLASSES": "ZipCacheLocator"}
    small, large = run(**{packed.KERNELS: ""}), run(**{packed.KERNELS: "1"}, **environment)
    assert (small[0], large[0]) == ("False", "True")
    assert small[1] == large[1]


def test_thermometers_of_several_levels_are_packed_pixel_by_pixel():
    network = Network("n", Thermometer((3, 9), (50, 200)), (Dense(bits(2, 54), Bias([0, 0])),))
    assert golden.trace(network, random_images(network, 3))[0].shape == (3, 3, 9, 2)
