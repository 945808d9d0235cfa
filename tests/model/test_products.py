"""The torch modules as readers write them, in any precision: by position, with single numbers, in half."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from tests.model.modules import exported, set_batch_norm
from xnorflow.model import golden, ir
from xnorflow.model.training.export import export
from xnorflow.model.training.layers import (
    Affine,
    BatchNorm,
    BatchNorm2d,
    BinaryConv2d,
    BinaryLinear,
    Scores,
    Sign,
    StreamFlatten,
    Thermometer,
)

pytestmark = pytest.mark.usefixtures("kernels")

TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def test_constructors_take_their_numbers_by_position():
    layer = BinaryConv2d(3, 16, 3, 2, 1)
    assert (layer.channels, layer.filters, layer.kernel, layer.stride, layer.padding) == (3, 16, (3, 3), (2, 2), (1, 1))
    assert BinaryLinear(784, 64).weight.shape == (64, 784)
    assert Scores(64, 10).weight.shape == (10, 64)
    assert Thermometer((28, 28), (128,)).rule == ir.Thermometer((28, 28), (128,))
    assert Affine((28, 28), 256, -32640, 255, 8, True).rule == ir.Affine((28, 28), 256, -32640, 255, 8, True)
    assert (BatchNorm(5, 0.5).eps, BatchNorm2d(5, 0.25, 0.3).momentum) == (0.5, 0.3)


def test_torchs_single_numbers_are_pairs():
    single = BinaryConv2d(channels=2, filters=3, kernel=3, stride=2, padding=1)
    pairs = BinaryConv2d(channels=2, filters=3, kernel=(3, 3), stride=(2, 2), padding=(1, 1))
    pairs.load_state_dict(single.state_dict())
    x = torch.randint(0, 2, (4, 2, 7, 6)) * 2.0 - 1
    assert torch.equal(single(x), pairs(x))
    assert repr(single) == repr(pairs)
    for mode in (single.eval(), single.train()):
        assert mode(x).shape == (4, 3, 4, 3)


def test_numpys_integers_are_taken():
    one = np.int64(1)
    layer = BinaryConv2d(2 * one, 3 * one, kernel=[3 * one, 2], stride=2 * one, padding=np.array([1, 0]), fill=one)
    numbers = (layer.channels, layer.filters, *layer.kernel, *layer.stride, *layer.padding, layer.fill)
    assert numbers == (2, 3, 3, 2, 2, 2, 1, 0, 1)
    assert {type(number) for number in numbers} == {int}
    assert type(BinaryLinear(4 * one, one).mw) is int


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: BinaryLinear(4.0, 3), TypeError, "mw must be an integer, not 4.0"),
        (lambda: BinaryLinear(4, True), TypeError, "mh must be an integer, not True"),
        (lambda: Scores(4, "10"), TypeError, "mh must be an integer, not '10'"),
        (lambda: BinaryConv2d(1, 1, 3, fill=0.5), TypeError, "fill must be an integer, not 0.5"),
        (lambda: BinaryConv2d(1, 1, 3, fill=1.0), TypeError, "fill must be an integer, not 1.0"),
        (lambda: BinaryConv2d(1.0, 1, 3), TypeError, "channels must be an integer, not 1.0"),
        (lambda: BinaryConv2d(1, 1, 3.0), TypeError, "kernel must be an integer or a pair of integers, not 3.0"),
        (lambda: BinaryConv2d(1, 1, 3, 1.0), TypeError, "stride must be an integer or a pair of integers, not 1.0"),
        (lambda: BinaryConv2d(1, 1, 3, padding="same"), TypeError, "padding must be an integer or a pair of integers, not 'same'"),
        (lambda: BinaryConv2d(1, 1, (3, 3, 3)), ValueError, "kernel must be an integer or a pair of integers, not (3, 3, 3)"),
        (lambda: BinaryConv2d(1, 1, 3, 0), ValueError, "stride must be at least 1, not (0, 0)"),
        (lambda: BinaryConv2d(1, 1, 3, 1, (0, -1)), ValueError, "padding must be at least 0, not (0, -1)"),
        (lambda: Thermometer((4,), (1.5,)), TypeError, "levels must be integers, not 1.5"),
        (lambda: Thermometer((4.0,), (1,)), TypeError, "shape must be integers, not 4.0"),
        (lambda: Thermometer((4,), (1,)).set_levels((2.5,)), TypeError, "levels must be integers, not 2.5"),
        (lambda: Thermometer((4,), (1, 2)).set_levels((7,)), ValueError, "levels must be 2 integers, as before, not (7,)"),
        (lambda: Affine((4,), 1.5), TypeError, "multiplier must be an integer, not 1.5"),
        (lambda: BatchNorm(3.0), TypeError, "features must be an integer, not 3.0"),
        (lambda: BatchNorm(3, eps=float("inf")), ValueError, "eps must be finite and 0 or more, not inf"),
        (lambda: BatchNorm2d(3, eps=float("nan")), ValueError, "eps must be finite and 0 or more, not nan"),
        (lambda: BatchNorm2d(3, eps=-1e-9), ValueError, "eps must be finite and 0 or more, not -1e-09"),
        (lambda: BatchNorm(3, eps="0"), TypeError, "eps must be a number, not '0'"),
        (lambda: BatchNorm(3, eps=True), TypeError, "eps must be a number, not True"),
    ],
)  # fmt: skip
def test_numbers_that_no_file_holds_are_refused_when_a_module_is_made(make, kind, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        make()


def test_an_eps_of_numpys_is_taken():
    assert type(BatchNorm(3, eps=np.float32(0.5)).eps) is float


@pytest.mark.parametrize("name", ["weight", "bias", "running_mean", "running_var"])
@pytest.mark.parametrize("length", [1, 4])
def test_parameters_of_another_length_are_refused(name, length):
    for norm, x in ((BatchNorm(3), torch.zeros(2, 3)), (BatchNorm2d(3), torch.zeros(2, 3, 1, 1))):
        values = torch.ones(length)
        setattr(norm, name, nn.Parameter(values) if name in ("weight", "bias") else values)
        with pytest.raises(ValueError, match=rf"^{name} must have shape \(3,\), not \({length},\)$"):
            norm.eval()(x)


def hidden(mw, mh, norm=BatchNorm):
    """A layer whose neurons change their mind at large sums, where short floats skip numbers."""
    layer, statistics = BinaryLinear(mw, mh), norm(mh)
    mean = torch.randint(mw // 2, mw, (mh,)).float()
    set_batch_norm(
        statistics,
        gamma=torch.randn(mh).numpy(),
        beta=np.zeros(mh, np.float32),
        mean=mean.numpy(),
        var=torch.full((mh,), float(mw)).numpy(),
    )
    return layer, statistics, Sign()


def adversarial(kind):
    """Networks whose sums are far above what half precision counts to."""
    torch.manual_seed(0)
    if kind == "dense":
        modules = [Thermometer((4096,), (128,)), *hidden(4096, 300), Scores(300, 10)]
    elif kind == "integers":
        modules = [Affine((28, 28)), StreamFlatten(), *hidden(784, 200), Scores(200, 10)]
    elif kind == "scores":
        modules = [Thermometer((5000,), (128,)), Scores(5000, 10)]
    else:
        norm = BatchNorm2d(16)
        norm.running_mean.copy_(torch.randint(0, 4000, (16,)))
        modules = [Affine((9, 9, 8)), BinaryConv2d(8, 16, 5, padding=2, fill=255), norm, Sign(), StreamFlatten(), Scores(1296, 5)]  # fmt: skip
    for layer in modules:
        if isinstance(layer, BinaryLinear | BinaryConv2d):
            # Most weights agree, so that sums are large.
            layer.weight.data.uniform_(-0.05, 1)
    return nn.Sequential(*modules).eval()


def bright(module, count=200):
    """Images of high pixels, for large sums."""
    rng = np.random.default_rng(seed=0)
    return rng.integers(100, 256, (count, *module[0].rule.shape), np.uint8)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("kind", ["dense", "integers", "scores", "convolution"])
def test_eval_mode_is_exact_in_any_precision(kind, dtype):
    module = adversarial(kind).to(dtype)
    images = bright(module)
    ours = golden.forward(exported(module), images)
    with torch.no_grad():
        assert np.array_equal(module(torch.from_numpy(images)).numpy(), ours)
        with torch.autocast("cpu", torch.bfloat16):
            assert np.array_equal(module(torch.from_numpy(images)).numpy(), ours)
    # Half precision counts to 2048, bfloat16 to 256.
    first = next(index for index, layer in enumerate(module) if isinstance(layer, BinaryLinear | BinaryConv2d))
    with torch.no_grad():
        assert module[: first + 1](torch.from_numpy(images)).abs().max() > 2048


@pytest.mark.parametrize("dtype", TYPES[:2], ids=str)
def test_training_stays_in_the_weights_precision(dtype):
    layer = BinaryLinear(8, 4).to(dtype)
    assert layer(torch.ones(2, 8, dtype=dtype)).dtype == dtype
    assert layer.eval()(torch.ones(2, 8, dtype=dtype)).dtype == torch.float32


@pytest.mark.parametrize("dtype", TYPES[:2], ids=str)
def test_torchs_own_batch_norms_in_half_are_refused(dtype):
    name = str(dtype).removeprefix("torch.")
    module = nn.Sequential(Thermometer((8,), (128,)), *hidden(8, 4, nn.BatchNorm1d), Scores(4, 2)).eval().to(dtype)
    message = (
        f"dense0: BatchNorm1d must be in float32 or float64, not {name}; "
        "use xnorflow.model.training.layers.BatchNorm, which is exact"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        export(module, name="test")


@pytest.mark.parametrize("dtype", TYPES[:2], ids=str)
def test_torchs_own_batch_norms_stay_in_single_precision(dtype):
    torch.manual_seed(0)
    module = nn.Sequential(
        Thermometer((8,), (128,)), BinaryLinear(8, 4).to(dtype), nn.BatchNorm1d(4), Sign(), Scores(4, 2)
    )
    images = bright(module.eval())
    assert np.array_equal(module(torch.from_numpy(images)).detach().numpy(), golden.forward(exported(module), images))
