"""Convolutions and integers in torch: lowered exactly, or refused in one line."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from tests.model.modules import exported, set_batch_norm, torch_trace
from tests.model.parameters import batch_norms
from xnorflow.model import golden
from xnorflow.model.ir import MaxPool, Tensor
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

SCALES = [1.0, -1.0, -1e-30, 1e-30, 1e-45, -1e-45, 0.0, -0.0, 1e30]
SHIFTS = [0.0, 1.0, -1.0, 1e-30, -1e-30]


def convolution(channels, filters, kernel, norm=BatchNorm2d, **numbers):
    return [BinaryConv2d(channels=channels, filters=filters, kernel=kernel, **numbers), norm(filters), Sign()]


def dense(mw, mh, norm=BatchNorm):
    return [BinaryLinear(mw=mw, mh=mh), norm(mh), Sign()]


def network(*modules, seed=0):
    """The modules with random numbers; batch norms are of the size that the dots before them have."""
    torch.manual_seed(seed)
    module, spread = nn.Sequential(*modules), 1.0
    for layer in module:
        if isinstance(layer, BinaryLinear | BinaryConv2d):
            layer.weight.data.uniform_(-1, 1)
            spread = layer.weight[0].numel() ** 0.5
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            features = layer.num_features
            parameters = {name: torch.randn(features).numpy() for name in ("gamma", "beta")}
            mean = (spread * torch.randn(features)).numpy()
            set_batch_norm(layer, **parameters, mean=mean, var=(spread**2 * torch.rand(features)).numpy())
    return module.eval()


def images(module, count=60):
    rng = np.random.default_rng(seed=0)
    values = rng.integers(0, 256, (count, *module[0].rule.shape), np.uint8)
    values[0], values[1] = 0, 255
    return values


def assert_equal_everywhere(module, batch):
    network = exported(module)
    for ours, torchs in zip(golden.trace(network, batch), torch_trace(module, batch), strict=True):
        assert np.array_equal(ours, torchs)
    return network


GREY = Thermometer(shape=(7, 6), levels=(90, 160))
ONE_BIT = Thermometer(shape=(5, 6), levels=(128,))
COLOUR = Affine(shape=(7, 6, 3), multiplier=256, offset=-128 * 255, divisor=255, signed=True)
SMALL = Affine(shape=(4, 4), divisor=64, width=2)

MODULES = {
    "pool": (GREY, *convolution(2, 5, (3, 3)), nn.MaxPool2d(2), StreamFlatten(), Scores(mw=20, classes=3)),
    "padded pools": (
        GREY,
        *convolution(2, 5, (3, 3)),
        *(nn.MaxPool2d(3, 2, padding=1), nn.MaxPool2d(2, 2, ceil_mode=True)),
        *convolution(5, 4, (2, 1), padding=(1, 0)),
        *(nn.MaxPool2d((2, 3), 1, (1, 1), ceil_mode=True), StreamFlatten(), Scores(mw=16, classes=3)),
    ),
    "two": (
        ONE_BIT,
        *convolution(1, 4, (2, 3), stride=(2, 1), padding=(1, 2), fill=1),
        *convolution(4, 3, (3, 2), padding=(2, 0)),
        nn.MaxPool2d((2, 3), (1, 2)),
        StreamFlatten(),
        *dense(3 * 4 * 3, 6),
        Scores(mw=6, classes=3),
    ),
    "colour": (
        COLOUR,
        *convolution(3, 6, (3, 3), padding=(1, 1), fill=-128),
        nn.MaxPool2d(2),
        *convolution(6, 4, (2, 2), padding=(1, 0), fill=1),
        StreamFlatten(),
        *dense(4 * 2 * 4, 5),
        Scores(mw=5, classes=2),
    ),
    "unsigned": (SMALL, *convolution(1, 9, (4, 3), padding=(1, 2), fill=3), StreamFlatten(), Scores(mw=162, classes=4)),
    "dense": (Affine(shape=(5, 3)), StreamFlatten(), *dense(15, 20), *dense(20, 5), Scores(mw=5, classes=3)),
    "vector": (Affine(shape=(9,), width=8, multiplier=-1, signed=True), *dense(9, 20), Scores(mw=20, classes=3)),
    "scores": (COLOUR, StreamFlatten(), Scores(mw=126, classes=5)),
}


@pytest.mark.parametrize("name", MODULES)
def test_torch_equals_golden(name):
    for seed in range(4):
        module = network(*MODULES[name], seed=seed)
        assert_equal_everywhere(module, images(module))


def test_a_pool_has_the_windows_of_torch():
    rng = np.random.default_rng(seed=5)
    for _ in range(300):
        size, kernel, stride = (tuple(rng.integers(1, most, 2).tolist()) for most in (9, 6, 6))
        padding = tuple(int(rng.integers(0, taps // 2 + 1)) for taps in kernel)
        if any(taps > length + 2 * around for taps, length, around in zip(kernel, size, padding, strict=True)):
            continue
        values = torch.from_numpy(rng.normal(size=(1, 1, *size)))
        expected = nn.MaxPool2d(kernel, stride, padding, ceil_mode=True)(values).numpy()
        tensor = Tensor((*size, 1))
        found = MaxPool(kernel, stride, padding).filled(tensor).output(tensor)
        assert found.shape[:2] == expected.shape[2:], (size, kernel, stride, padding)


def test_every_image_of_a_small_network():
    module = network(
        Thermometer(shape=(3, 4), levels=(1,)),
        *convolution(1, 5, (2, 2), padding=(1, 1), fill=1),
        nn.MaxPool2d((2, 1), 1),
        StreamFlatten(),
        Scores(mw=75, classes=3),
    )
    assert_equal_everywhere(module, np.array(list(itertools.product((0, 1), repeat=12)), np.uint8).reshape(-1, 3, 4))


@pytest.mark.parametrize("name", ["two", "colour", "dense"])
def test_negative_tiny_and_zero_scales(name):
    for scale, shift in itertools.product(SCALES, SHIFTS):
        module = network(*MODULES[name])
        for norm in module:
            if isinstance(norm, BatchNorm | BatchNorm2d):
                norm.weight.data.fill_(scale)
                norm.bias.data.fill_(shift)
                # Whole means make ties.
                norm.running_mean.round_()
        assert_equal_everywhere(module, images(module, 10))


@settings(deadline=None, max_examples=100)
@given(first=batch_norms(3), second=batch_norms(2))
def test_torch_equals_golden_whatever_the_batch_norm(first, second):
    module = network(
        *(SMALL, *convolution(1, 3, (3, 3))), *convolution(3, 2, (2, 2)), StreamFlatten(), Scores(mw=2, classes=2)
    )
    set_batch_norm(module[2], **first)
    set_batch_norm(module[5], **second)
    assert_equal_everywhere(module, images(module, 20))


@pytest.mark.parametrize("name", ["pool", "two", "colour", "dense", "scores"])
def test_torchs_own_order_is_put_into_the_streams(name):
    module = network(*(nn.Flatten() if isinstance(layer, StreamFlatten) else layer for layer in MODULES[name]))
    ours = assert_equal_everywhere(module, images(module))
    # It does differ: in the stream's order the same weights are another network.
    other = exported(network(*MODULES[name]))
    same = [
        np.array_equal(a.matrix, b.matrix) for a, b in zip(ours.matrices.values(), other.matrices.values(), strict=True)
    ]
    assert all(same) == (name == "dense")


def test_plain_batch_norm_is_taken_where_it_rounds_well():
    module = network(
        *(COLOUR, *convolution(3, 4, (3, 3), norm=nn.BatchNorm2d), nn.Dropout2d(), nn.Flatten()),
        *(*dense(80, 5, norm=nn.BatchNorm1d), nn.Flatten(), Scores(mw=5, classes=2)),
    )
    assert_equal_everywhere(module, images(module))


def test_plain_batch_norm_is_refused_where_it_gets_a_tie_wrong():
    # One half ties at a dot of 1, scale * (1 - 3) + 2 * scale, the other at 3; torch rounds some of either.
    rng = np.random.default_rng(seed=0)
    scale, var = rng.uniform(0.1, 1, 400).astype(np.float32), rng.uniform(0.1, 9, 400).astype(np.float32)
    var[:200] = 1
    beta = np.where(np.arange(400) < 200, 2 * scale, 0).astype(np.float32)
    plain, exact = (
        network(SMALL, *convolution(1, 400, (2, 2), norm=norm), StreamFlatten(), Scores(mw=3600, classes=2))
        for norm in (nn.BatchNorm2d, BatchNorm2d)
    )
    for module in (plain, exact):
        set_batch_norm(module[2], gamma=scale, beta=beta, mean=np.full(400, 3, np.float32), var=var, eps=0.0)
    message = (
        r"^conv2d0: BatchNorm2d rounds neuron \d+ to the wrong sign at a dot of [13]; "
        r"use xnorflow.model.training.layers.BatchNorm2d, which is exact$"
    )
    with pytest.raises(ValueError, match=message):
        export(plain, name="test")
    assert_equal_everywhere(exact, images(exact))


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (
            (GREY, Scores(mw=84, classes=2)),
            r"scores0: Scores must get vectors, not images; put StreamFlatten before it",
        ),
        (
            (GREY, *dense(6, 2)),
            r"dense0: BinaryLinear must get vectors, not images; put StreamFlatten before it",
        ),
        ((GREY, nn.Flatten(), *dense(83, 2)), r"dense0: takes 83 inputs, but gets 84"),
        ((GREY, nn.Flatten(2), *dense(84, 2)), r"Flatten must have start_dim=1 and end_dim=-1, not 2 and -1"),
        (
            (GREY, *convolution(3, 2, (2, 2))),
            r"conv2d0: takes images of 3 channels, but gets shape \(7, 6, 2\)",
        ),
        (
            (GREY, StreamFlatten(), *convolution(84, 2, (1, 1))),
            r"conv2d0: takes images of 84 channels, but gets shape \(84,\)",
        ),
        (
            (GREY, *convolution(2, 2, (6, 7))),
            r"conv2d0: kernel must fit the padded image, 7x6, not be 6x7",
        ),
        (
            (GREY, *convolution(2, 2, (1025, 1), padding=(512, 0))),
            r"kernel must be 1..1024 in each direction, not 1025x1",
        ),
        ((GREY, *convolution(2, 2, (2, 2), padding=(1, 0), fill=2)), r"conv2d0: fill must be -1, 0 or 1, not 2"),
        (
            (SMALL, *convolution(1, 2, (2, 2), padding=(1, 0))),
            r"conv2d0: fill of module 1 must be in 0..3, as what it gets, not -1; write BinaryConv2d\(..., fill=0\)",
        ),
        ((GREY, *convolution(2, 2, (2, 2))[:1]), r"conv2d0: BinaryConv2d must be followed by BatchNorm2d, not the end"),
        (
            (GREY, *convolution(2, 2, (2, 2))[:2], nn.MaxPool2d(2)),
            r"conv2d0: BatchNorm2d must be followed by Sign, not MaxPool2d",
        ),
        (
            (GREY, *convolution(2, 2, (2, 2))[:1], BatchNorm2d(3), Sign()),
            r"conv2d0: BatchNorm2d must have 2 features, not 3",
        ),
        ((GREY, nn.MaxPool2d(2, dilation=(1, 2))), r"maxpool0: dilation must be 1, not \(1, 2\)"),
        ((GREY, nn.MaxPool2d(2, return_indices=True)), r"maxpool0: return_indices must be False, not True"),
    ],
)
def test_what_cannot_be_lowered_is_refused(modules, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        export(network(*modules), name="test")
