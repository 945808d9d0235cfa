"""Levels, averages, zeros for padding, groups, ranks: torch in eval mode and the golden model agree everywhere."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.model.modules import exported, set_batch_norm
from tests.model.parameters import batch_norms
from xnorflow.model import golden
from xnorflow.model.ir import ZERO, Add, Bias, Conv2d, Dense, Element, MaxPool, Ranks, SumPool, Threshold
from xnorflow.model.training.export import export
from xnorflow.model.training.layers import (
    Affine,
    BatchNorm,
    BatchNorm2d,
    BinaryConv2d,
    BinaryLinear,
    Levels,
    Residual,
    Scores,
    Sign,
    StreamFlatten,
    Thermometer,
)

pytestmark = pytest.mark.usefixtures("kernels")

GREY = Thermometer(shape=(6, 6), levels=(90, 160))
PIXELS = Affine(shape=(6, 6), multiplier=256, offset=-128 * 255, divisor=255, signed=True)


def conv(channels, filters, kernel=3, activation=None, **numbers):
    return [BinaryConv2d(channels, filters, kernel, **numbers), BatchNorm2d(filters), activation or Levels()]


def block(channels, **numbers):
    """The arm of a residual that ends in a batch norm, and leaves an image as large."""
    return nn.Sequential(BinaryConv2d(channels, channels, 3, padding=1, fill=0, **numbers), BatchNorm2d(channels))


def head(values, classes=3):
    return [StreamFlatten(), Scores(values, classes)]


MODULES = {
    "levels of 2, 3 and 4 bits": lambda: (
        *(PIXELS, *conv(1, 5), *conv(5, 4, activation=Levels(3, 0.7)), nn.MaxPool2d(2)),
        *(StreamFlatten(), BinaryLinear(4, 6), BatchNorm(6), Levels(4, 0.3), Scores(6, 3)),
    ),
    "zeros for padding": lambda: (GREY, *conv(2, 5, padding=1, padding_mode="zeros", activation=Sign()), *head(180)),
    "zeros behind levels": lambda: (GREY, *conv(2, 4), *conv(4, 3, padding=(1, 0), fill=0), *head(24)),
    "groups": lambda: (GREY, *conv(2, 6, groups=2), *conv(6, 6, 2, groups=6, activation=Sign()), *head(54)),
    "dilation": lambda: (PIXELS, *conv(1, 4, (2, 3), dilation=(3, 2), padding=(0, 1), fill=-3), *head(4 * 3 * 4)),
    "one row": lambda: (Affine(shape=(1, 12, 2)), *conv(2, 4, (1, 3), padding=(0, 1), fill=0), *head(48)),
    "average behind bits": lambda: (GREY, *conv(2, 4, activation=Sign()), nn.AvgPool2d(2), *head(16)),
    "average of all": lambda: (GREY, *conv(2, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), Scores(4, 3)),
    "average before a product": lambda: (GREY, *conv(2, 4), nn.AvgPool2d(2), *conv(4, 3, 2), *head(3)),
    "average of a product": lambda: (
        *(GREY, BinaryConv2d(2, 4, 3), nn.AvgPool2d(2), BatchNorm2d(4), Levels(), *head(16)),
    ),
    "pool of integers": lambda: (GREY, BinaryConv2d(2, 4, 3), nn.MaxPool2d(2), BatchNorm2d(4), Sign(), *head(16)),
    "batch norm of bits": lambda: (GREY, *conv(2, 4, activation=Sign()), BatchNorm2d(4), Sign(), *head(64)),
    "batch norm of levels": lambda: (GREY, *conv(2, 4), nn.MaxPool2d(2), BatchNorm2d(4), Levels(3), *head(16)),
    "activation alone": lambda: (GREY, nn.AvgPool2d(2, 1), Levels(2, 0.25), *head(50)),
    "sum of products": lambda: (
        *(GREY, *conv(2, 4), Residual(BinaryConv2d(4, 4, 3, padding=1, fill=0), shifts=(0, 2))),
        *(BatchNorm2d(4), Levels(), *head(64)),
    ),
    "sum of sums": lambda: (
        *(GREY, *conv(2, 4), Residual(nn.Sequential(BinaryConv2d(4, 4, 3, padding=1, fill=0)))),
        Residual(nn.Sequential(BatchNorm2d(4), Sign(), BinaryConv2d(4, 4, 3, padding=1, fill=1))),
        *(BatchNorm2d(4), Sign(), *head(64)),
    ),
    "two products": lambda: (
        *(GREY, Residual(BinaryConv2d(2, 4, 3, 2, 1, fill=1), BinaryConv2d(2, 4, 2, 2), shifts=(1, 0))),
        *(BatchNorm2d(4), Sign(), *head(36)),
    ),
    "bits choose": lambda: (GREY, *conv(2, 4, activation=Sign()), Residual(block(4)), Levels(), *head(64)),
    "levels choose": lambda: (GREY, *conv(2, 4), Residual(block(4), shifts=(0, 1)), Sign(), *head(64)),
    "the other arm": lambda: (GREY, *conv(2, 4), Residual(nn.Identity(), block(4)), Levels(3), *head(64)),
    "blocks": lambda: (GREY, *conv(2, 4), Residual(block(4)), Levels(), Residual(block(4, groups=2)), Levels(), *head(64)),
    "vectors": lambda: (
        *(Thermometer(shape=(9,), levels=(99,)), BinaryLinear(9, 7), BatchNorm(7), Levels()),
        *(Residual(nn.Sequential(BinaryLinear(7, 7), BatchNorm(7))), Levels(), Scores(7, 3)),
    ),
    "ranks": lambda: (GREY, *conv(2, 4, activation=Sign()), *head(64), BatchNorm(3)),
    "ranks of averages": lambda: (GREY, *conv(2, 4), nn.AvgPool2d(4), *head(4), BatchNorm(3)),
    "biases": lambda: (GREY, *conv(2, 4), StreamFlatten(), Scores(64, 5, rounded=False)),
}  # fmt: skip


def network(*modules, seed):
    """The modules with random numbers; a batch norm has about the size of the sums before it, and is hard for some."""
    torch.manual_seed(seed)
    rng, module, spread = np.random.default_rng(seed), nn.Sequential(*modules), 1.0
    for layer in module.modules():
        if isinstance(layer, BinaryLinear | BinaryConv2d):
            layer.weight.data.uniform_(-1, 1)
            spread = layer.weight[0].numel() ** 0.5
        if isinstance(layer, Scores):
            layer.bias.data.normal_(0, 2)
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            set_batch_norm(layer, **batch_norm(rng, layer.num_features, spread))
    return module.eval()


def batch_norm(rng, features, spread):
    """Random parameters; every third one makes ties, for its numbers are halves and its root is whole."""
    gamma, beta = rng.normal(0, 1, features), rng.normal(1, 1, features)
    mean, var = rng.normal(0, spread, features), spread**2 * rng.random(features)
    ties = np.arange(features) % 3 == 2
    gamma[ties], var[ties] = rng.choice([-1, -0.5, 0, 0.5, 1], ties.sum()), rng.choice([1, 4], ties.sum())
    beta[ties], mean[ties] = rng.integers(-3, 4, ties.sum()) / 2, rng.integers(-3, 4, ties.sum())
    columns = {"gamma": gamma, "beta": beta, "mean": mean, "var": var}
    return {**{name: values.astype(np.float32) for name, values in columns.items()}, "eps": 0.0}


def images(module, count=40):
    rng = np.random.default_rng(seed=0)
    return rng.integers(0, 256, (count, *module[0].rule.shape), np.uint8)


@torch.no_grad()
def assert_equal_everywhere(module, batch):
    ours = exported(module)
    scores, theirs = golden.forward(ours, batch), module(torch.tensor(batch)).double().numpy()
    assert np.array_equal(golden.predict(ours, batch), theirs.argmax(axis=1))
    above = [(each[:, np.newaxis] < each[:, :, np.newaxis]) for each in (scores, theirs)]
    assert np.array_equal(*above)
    return ours


@pytest.mark.parametrize("name", MODULES)
def test_torch_equals_golden(name):
    for seed in range(3):
        module = network(*MODULES[name](), seed=seed)
        assert_equal_everywhere(module, images(module))


KINDS = {
    "levels of 2, 3 and 4 bits": (Conv2d, Conv2d, MaxPool, Dense, Dense),
    "average of a product": (Conv2d, SumPool, Threshold, Dense),
    "sum of products": (Conv2d, Conv2d, Add, Threshold, Dense),
    "levels choose": (Conv2d, Conv2d, Threshold, Dense),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_layers(name):
    module = network(*MODULES[name](), seed=0)
    for layer in module.modules():
        if isinstance(layer, BatchNorm2d):
            layer.weight.data.abs_()
    assert tuple(map(type, exported(module).layers)) == KINDS[name]


def test_negative_scales_behind_sums_become_a_convolution_of_single_channels():
    module = network(*MODULES["sum of products"](), seed=0)
    module[5].weight.data[1] = -1
    layer = assert_equal_everywhere(module, images(module)).layers[3]
    assert (type(layer), layer.kernel, layer.groups) == (Conv2d, (1, 1), 4)


def test_records_of_what_is_exported():
    zeros, levels, ranks, biases = (
        exported(network(*MODULES[name](), seed=1))
        for name in ("zeros for padding", "levels choose", "ranks", "biases")
    )
    assert zeros.layers[0].pad == ZERO
    assert levels.layers[2].thresholds.shape == (4, 4, 1)
    assert levels.sources == ((-1,), (0,), (1, 0), (2,))
    assert (levels.tensors[1].element, levels.tensors[1].width) == (Element.UINT, 2)
    assert isinstance(ranks.layers[-1].ending, Ranks)
    assert isinstance(biases.layers[-1].ending, Bias)
    assert biases.layers[-1].ending.shift == 3


@settings(deadline=None, max_examples=40)
@given(first=batch_norms(3), second=batch_norms(3), scale=st.sampled_from([1.0, 0.5, 2.0**-10, 0.1, 256.0]))
def test_torch_equals_golden_whatever_the_batch_norms(first, second, scale):
    arm = nn.Sequential(BinaryConv2d(3, 3, 2, padding=1, fill=0), BatchNorm2d(3))
    parts = (*conv(1, 3, 3, Levels(2, scale)), Residual(arm, BinaryConv2d(3, 3, 1), shifts=(0, 1)))
    small = Affine(shape=(4, 4), divisor=64, width=2)
    module = network(small, *parts[:3], Residual(arm[0], BinaryConv2d(3, 3, 2, padding=1, fill=3)), seed=0)
    module = nn.Sequential(*module, BatchNorm2d(3), Levels(2, scale), StreamFlatten(), Scores(27, 2)).eval()
    set_batch_norm(module[2], **first)
    set_batch_norm(module[5], **second)
    assert_equal_everywhere(module, np.random.default_rng(0).integers(0, 256, (20, 4, 4), np.uint8))
    chosen = nn.Sequential(*module[:4], Residual(nn.Sequential(BinaryConv2d(3, 3, 1), module[5])), *module[6:7])
    chosen = nn.Sequential(*chosen, StreamFlatten(), Scores(12, 2)).eval()
    assert_equal_everywhere(chosen, np.random.default_rng(0).integers(0, 256, (20, 4, 4), np.uint8))


def test_every_sum_of_a_neuron_with_ties():
    for mean, beta, gamma in itertools.product((0, 1, 0.5), (0, 0.5, -1.5), (1, -1, 0.5, 0)):
        norm = BatchNorm(3)
        numbers = {"gamma": gamma, "beta": beta, "mean": mean, "var": 1}
        set_batch_norm(norm, **{key: np.full(3, value, np.float32) for key, value in numbers.items()}, eps=0.0)
        module = nn.Sequential(Affine((2,), divisor=64, width=2), BinaryLinear(2, 3), norm, Levels(), Scores(3, 2))
        every = np.array(list(itertools.product((0, 64, 128, 192), repeat=2)), np.uint8)
        assert_equal_everywhere(module.eval(), every)


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, BatchNorm])
def test_plain_batch_norm_is_refused_where_it_gets_the_border_of_a_level_wrong(kind):
    # A half at a dot of 3, as scale / root * 3 + (1/2 - scale / root * 3): torch rounds in between.
    rng, norm = np.random.default_rng(seed=0), kind(1000)
    columns = {"gamma": rng.uniform(0.1, 1, 1000), "beta": np.full(1000, 0.5), "var": rng.uniform(0.1, 9, 1000)}
    numbers = {name: values.astype(np.float32) for name, values in columns.items()}
    set_batch_norm(norm, **numbers, mean=np.full(1000, 3, np.float32), eps=0.0)
    module = nn.Sequential(Thermometer((5,), (1,)), BinaryLinear(5, 1000), norm, Levels(), Scores(1000, 2)).eval()
    if kind is BatchNorm:
        assert_equal_everywhere(module, np.array(list(itertools.product((0, 1), repeat=5)), np.uint8))
        return
    message = (
        r"^dense0: BatchNorm1d rounds neuron \d+ to the wrong side of 0.5 at a dot of 3; "
        r"use xnorflow.model.training.layers.BatchNorm, which is exact$"
    )
    with pytest.raises(ValueError, match=message):
        export(module, name="test")


def test_plain_batch_norms_are_taken_where_they_round_well():
    module = network(*MODULES["levels choose"](), seed=1)
    plain = nn.BatchNorm2d(4).eval()
    plain.load_state_dict(module[2].state_dict())
    plain.eps = module[2].eps = 1e-5
    module[2] = plain
    assert_equal_everywhere(module, images(module))


def test_plain_batch_norms_behind_sums():
    first, arm = BinaryConv2d(2, 4, 3), BinaryConv2d(4, 4, 1)
    parts = (first, nn.BatchNorm2d(4), Sign(), Residual(arm), nn.BatchNorm2d(4), Levels())
    module = network(GREY, *parts, *head(64), seed=0)
    for norm in (module[2], module[5]):
        norm.eps = 1e-5
    assert_equal_everywhere(module, images(module))


def test_levels_forward_and_their_cut_gradient():
    x = torch.tensor([-1.0, -0.1, 0.0, 0.49, 0.5, 1.5, 2.4, 2.5, 3.0, 3.1], requires_grad=True)
    module = Levels()
    module(x).sum().backward()
    assert module(x).tolist() == module.eval()(x).tolist() == [0, 0, 0, 0, 1, 2, 2, 3, 3, 3]
    assert x.grad.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 0, 0]


def test_a_learnt_scale_has_a_gradient_and_keeps_its_range():
    module = Levels(scale=0.5, learn=True)
    module(torch.tensor([-1.0, 0.5, 9.0])).sum().backward()
    # Where the gradient passes, the derivative of x / scale is -x / scale**2.
    assert module.scale.grad.item() == -2
    module.scale.data.fill_(-1)
    module.clip_latent()
    assert module.step == 2**-10
    assert len(list(Levels().parameters())) == 0
