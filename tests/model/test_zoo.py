"""The networks that have a name."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from xnorflow.model.data.datasets import DATASETS
from xnorflow.model.golden import predict, trace
from xnorflow.model.ir import Conv2d, Dense, Element, MaxPool, SumPool
from xnorflow.model.outlines import Block, Filters, Neurons
from xnorflow.model.zoo import ZOO, find, random_network


@pytest.mark.parametrize(
    ("name", "layers", "weight_bits"),
    [
        ("tfc", "784-64-64-64-10", 59_008),
        ("sfc", "784-256-256-256-10", 334_336),
        ("lfc", "784-1024-1024-1024-10", 2_910_208),
        ("cnv", "32x32x3: 64C3-64C3-P2-128C3-128C3-P2-256C3-256C3-512-512-10", 1_542_848),
        (
            "cnv-w1a2",
            "32x32x3: 64C3a2-64C3a2-P2-128C3a2-128C3a2-P2-256C3a2-256C3a2-512a2-512a2-10",
            1_542_848,
        ),
        (
            "resnet-w1a2",
            "32x32x3: 32C3a2-P2-(32C3a2)-(32C3a2)-64C3a2-(64C3a2)-(64C3a2)-128C3a2-(128C3a2)-(128C3a2)-S4-10",
            481_376,
        ),
        ("bnn-mnist", "784-4096-4096-4096-10", 36_806_656),
        ("bnn-cifar-10", "32x32x3: 128C3-128C3-P2-256C3-256C3-P2-512C3-512C3-P2-1024-1024-10", 14_022_016),
    ],
)
def test_the_reference_networks_have_the_published_sizes(name, layers, weight_bits):
    assert ZOO[name].layers_text == layers
    assert ZOO[name].weight_bits == weight_bits


def test_layers_are_told_with_their_kernels():
    plans = (Filters(4, (1, 3)), MaxPool((2, 1)), Filters(5, (2, 2)), Neurons(6))
    odd = dataclasses.replace(ZOO["digits"], layers=plans)
    assert odd.layers_text == "8x8x3: 4C1x3-P2x1-5C2-6-10"


def test_the_small_convolutional_network_leaves_room_on_a_up5k():
    assert ZOO["mnist-cnn"].weight_bits <= 110_000


def test_the_residual_network_is_smaller_than_cnv():
    small, cnv = ZOO["resnet-w1a2"], ZOO["cnv"]
    assert small.multiplications < cnv.multiplications / 3
    assert small.weight_bits < cnv.weight_bits / 3


def test_digits_leaves_room_on_the_smallest_board():
    # A quarter of the block RAM of an iCE40 UP5K, 30 blocks of 4 kbit.
    assert ZOO["digits"].weight_bits <= 30 * 4096 / 4


@pytest.mark.parametrize("name", ZOO)
def test_random_networks_have_the_definitions_layers(name):
    definition, network = find(name), random_network(name, seed=5)
    assert definition.name == name
    assert definition.dataset in (*DATASETS, "")
    assert definition.recipe.epochs >= 1
    assert (network.name, network.dataset, network.input) == (name, definition.dataset, definition.input)
    # A block is its convolutions, and levels of their sum.
    assert len(network.layers) == 1 + sum(
        1 + len(outline.main) if isinstance(outline, Block) else 1 for outline in definition.layers
    )
    assert network.classes == definition.classes
    assert network.weight_bits == definition.weight_bits
    assert network.multiplications == definition.multiplications
    assert dict(network.provenance) == {"weights": "untrained random weights, seed 5"}


def test_a_seed_gives_the_same_network_and_another_another():
    networks = [random_network("digits", seed=seed) for seed in (3, 3, 4)]
    weights = [network.layers[0].weights for network in networks]
    assert (weights[0] == weights[1]).all()
    assert (weights[0] != weights[2]).any()


@pytest.mark.parametrize("name", ["tfc", "mnist-cnn", "cnv", "cnv-w1a2", "resnet-w1a2"])
def test_bits_of_random_networks_vary(name):
    network = random_network(name)
    images = np.random.default_rng(seed=0).integers(0, 256, (60, *network.input.shape), np.uint8)
    for step, bits in zip(network.steps(), trace(network, images)[1:], strict=True):
        if isinstance(step.layer, Dense | Conv2d) and step.output.element is Element.BIT:
            # Neither the neurons nor the images are all alike.
            assert 0.2 < bits.mean() < 0.8
            assert len(np.unique(bits, axis=0)) > 30
    # Averages of noise are all alike.
    averages = any(isinstance(layer, SumPool) for layer in network.layers)
    assert averages or len(np.unique(predict(network, images))) > 1


@pytest.mark.parametrize("function", [find, random_network])
def test_unknown_names_are_refused(function):
    with pytest.raises(ValueError, match=rf"^net must be one of {', '.join(ZOO)}, not 'vgg'$"):
        function("vgg")


def test_negative_seeds_are_refused():
    with pytest.raises(ValueError, match=r"^seed must be 0 or more, not -1$"):
        random_network("tfc", seed=-1)


def test_zoo_and_data_sets_need_neither_torch_nor_sklearn():
    code = "import sys, xnorflow.model.zoo, xnorflow.model.data.datasets; sys.exit(bool({'torch', 'sklearn'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
