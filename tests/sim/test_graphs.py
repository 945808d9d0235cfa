"""Networks that are no chains, and endings of all kinds, through the Verilog: equal to golden at their interval."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.layers_at_random import Growing, random_levels, threshold_layer
from tests.networks import random_images
from tests.networks_at_random import random_graphs
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import ECP5, ICE40, Family
from xnorflow.hw.folding import Folding, turns
from xnorflow.hw.verilog import to_verilog
from xnorflow.model.ir import (
    IMAGE,
    ZERO,
    Add,
    Affine,
    Bias,
    Conv2d,
    Dense,
    Input,
    MaxPool,
    Network,
    Ranks,
    Thermometer,
    Threshold,
    Thresholds,
)
from xnorflow.sim.verify import VerificationError, verify, verify_verilog

BITS = Thermometer((6, 6), (100,))
GREYS = Affine((5, 5, 3), 1, -100, 7, 5, signed=True)
VECTOR = Thermometer((20,), (100,))

RANDOM = 60
FAST = 400
"""Cycles a frame up to which Icarus is done before Verilator would have compiled."""


class Graph:
    """A network that grows: each call gives the position of a layer."""

    def __init__(self, rule: Input) -> None:
        self.growing = Growing(np.random.default_rng(seed=3), rule)

    def conv(self, source: int, mh: int, size: int = 3, *, levels: int = 1, stride: int = 1, pad: int | str = 0) -> int:
        """A convolution that keeps the image's size, but for its stride; no levels are a bias."""
        channels = self.growing.tensor(source).shape[2]
        shape = (mh, size, size, channels)
        numbers = {"stride": (stride, stride), "padding": (size // 2, size // 2), "pad": pad}
        return self._product(source, Conv2d, shape, levels, numbers)

    def dense(self, source: int, mh: int, *, levels: int = 1) -> int:
        """A dense layer."""
        return self._product(source, Dense, (mh, self.growing.tensor(source).size), levels, {})

    def _product(self, source: int, kind: type, shape: tuple[int, ...], levels: int, numbers: dict) -> int:
        growing, tensor = self.growing, self.growing.tensor(source)
        blank = kind(growing.rng.integers(0, 2, shape), Bias(growing.rng.integers(-5, 6, shape[0])), **numbers)
        if not levels:
            return growing.add(blank, source)
        low, high = blank.sums(tensor).span
        middle = np.tile((low + high) / 2 + growing.rng.normal(0, (high - low) ** 0.5 / 2, 40), (shape[0], 1))
        ending = Thresholds(random_levels(growing.rng, middle, levels, low, high + 1))
        return growing.add(kind(blank.weights, ending, **numbers), source)

    def add(self, left: int, right: int, *shifts: int) -> int:
        """A sum."""
        return self.growing.add(Add(shifts or (0, 0)), left, right)

    def levels(self, source: int, chooser: int | None = None) -> int:
        """Levels as a layer of their own."""
        return threshold_layer(self.growing, source, chooser)

    def network(self) -> Network:
        """All of it, and scores of what came last."""
        last = len(self.growing.layers) - 1
        if len(self.growing.tensor(last).shape) > 1 or self.growing.tensor(last).element.value != "int":
            self.dense(last, 3, levels=0)
        return Network("graph", self.growing.rule, tuple(self.growing.layers), sources=tuple(self.growing.sources))


def small_against_large(graph: Graph) -> None:
    head = graph.conv(IMAGE, 4, 1, levels=3)
    graph.levels(graph.add(graph.conv(head, 6, pad=1, levels=0), graph.conv(head, 6, 1, levels=0)))


def strides_on_both(graph: Graph) -> None:
    head = graph.conv(IMAGE, 4)
    graph.levels(graph.add(graph.conv(head, 6, 1, stride=2, levels=0), graph.conv(head, 6, stride=2, levels=0), 1, 0))


def pool_on_one(graph: Graph) -> None:
    head = graph.conv(IMAGE, 4)
    graph.add(graph.growing.add(MaxPool(), head), graph.conv(head, 4, stride=2, levels=3))


def nothing_on_one(graph: Graph) -> None:
    head = graph.conv(IMAGE, 5, levels=3)
    graph.levels(graph.conv(head, 5, levels=0), head)


def nothing_on_both(graph: Graph) -> None:
    head = graph.conv(IMAGE, 4, levels=2)
    graph.add(head, head, 0, 3)


def three_readers(graph: Graph) -> None:
    head = graph.conv(IMAGE, 4, levels=2)
    total = graph.add(graph.conv(head, 4, levels=0), graph.conv(head, 4, 1, levels=0))
    graph.levels(total, head)


def one_in_another(graph: Graph) -> None:
    head = graph.conv(IMAGE, 4)
    first = graph.conv(head, 4, pad=ZERO)
    inner = graph.levels(graph.conv(first, 4, pad=ZERO, levels=0), first)
    graph.add(head, graph.conv(inner, 4, 5, levels=0))


def vectors(graph: Graph) -> None:
    head = graph.dense(IMAGE, 9)
    graph.add(graph.dense(graph.dense(head, 9, levels=3), 9, levels=0), head)


def the_image_again(graph: Graph) -> None:
    total = graph.add(graph.conv(graph.conv(IMAGE, 3), 3, levels=0), IMAGE)
    graph.add(graph.dense(graph.levels(total), 3, levels=0), graph.dense(total, 3, levels=0), 2, 0)


def chain_of_levels(graph: Graph) -> None:
    graph.dense(graph.conv(graph.conv(IMAGE, 6, levels=3, pad=ZERO), 5, levels=7), 9, levels=15)


def ranks_and_zeros(graph: Graph) -> None:
    growing, head = graph.growing, graph.conv(IMAGE, 4, pad=ZERO)
    # With a border of zeros, and where there is none.
    for source, size, stride in ((head, 3, 2), (head, 1, 2)):
        weights = growing.rng.integers(0, 2, (3, size, size, 4))
        numbers = {"padding": (size // 2, size // 2), "pad": ZERO, "stride": (stride, stride)}
        low, high = Conv2d(weights, Bias(np.zeros(3, int)), **numbers).sums(growing.tensor(source)).span
        growing.add(Conv2d(weights, Ranks(growing.rng.integers(-99, 100, (3, high - low + 1))), **numbers), source)
    graph.add(len(growing.layers) - 2, len(growing.layers) - 1)


# what it reads, what grows, foldings
FORMS: dict[Callable[[Graph], None], tuple[Input, list[tuple[int, int]], Family]] = {
    small_against_large: (BITS, [(2, 1), (3, 6), (3, 2), (1, 5)], ECP5),
    strides_on_both: (BITS, [(2, 3), (2, 2), (6, 6), (3, 5)], ICE40),
    pool_on_one: (BITS, [(2, 3), (3, 6), (3, 12)], ECP5),
    nothing_on_one: (GREYS, [(5, 9), (5, 15), (1, 5)], ICE40),
    nothing_on_both: (BITS, [(4, 3), (1, 8)], ECP5),
    three_readers: (BITS, [(3, 3), (4, 18), (2, 4), (1, 8)], ECP5),
    one_in_another: (BITS, [(2, 3), (4, 18), (4, 12), (4, 25), (1, 9)], ECP5),
    vectors: (VECTOR, [(2, 5), (3, 3), (9, 2)], ICE40),
    the_image_again: (GREYS, [(3, 9), (2, 9), (1, 15), (3, 5)], ECP5),
    chain_of_levels: (BITS, [(2, 3), (3, 18), (2, 7), (1, 3)], ICE40),
    ranks_and_zeros: (BITS, [(2, 3), (2, 4), (3, 2), (1, 3)], ECP5),
}


def check(accelerator: Accelerator, folder: Path, *, images: int = 8) -> None:
    """All images with stalls, then the interval without."""
    simulator = "icarus" if accelerator.interval <= FAST else "verilator"
    report = verify(accelerator, random_images(accelerator.network, images), simulator=simulator, workdir=folder)
    assert report.mismatches == 0
    assert report.interval_measured == accelerator.interval


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_graphs_equal_golden_at_their_interval(form: Callable[[Graph], None], tmp_path: Path) -> None:
    rule, foldings, family = FORMS[form]
    graph = Graph(rule)
    form(graph)
    accelerator = Accelerator(graph.network(), tuple(Folding(*pair) for pair in foldings), scores=True, family=family)
    check(accelerator, tmp_path)


def random_foldings(network: Network, rng: np.random.Generator) -> tuple[Folding, ...]:
    """Any foldings."""
    sizes = [(layer.mh // turns(layer), layer.mw) for layer in network.matrices.values()]
    return tuple(Folding(int(rng.integers(1, pe + 1)), int(rng.integers(1, simd + 1))) for pe, simd in sizes)


@pytest.mark.slow
@pytest.mark.parametrize("index", range(RANDOM))
def test_random_networks_equal_golden_at_their_interval(index: int, tmp_path: Path) -> None:
    network = random_graphs(RANDOM)[index]
    foldings = random_foldings(network, np.random.default_rng(index))
    check(Accelerator(network, foldings, scores=True, family=(ICE40, ECP5)[index % 2]), tmp_path)


@pytest.mark.parametrize(
    ("index", "place"),
    [
        (1, r", conv2d1, beat \d+ \(neurons \d+\.\.\d+\): got -?\d+( -?\d+)*, expected -?\d+( -?\d+)*; waveform: "),
        (2, r", threshold2, beat \d+ \(neurons \d+\.\.\d+\): got \d+( \d+)*, expected \d+( \d+)*; waveform: "),
    ],
)
def test_a_difference_is_located_in_a_graph(index: int, place: str, tmp_path: Path) -> None:
    graph = Graph(GREYS)
    head = graph.conv(IMAGE, 5, levels=3)
    graph.growing.add(
        Threshold(np.sort(graph.growing.rng.integers(-11, 12, (5, 4, 3)))), graph.conv(head, 5, levels=0), head
    )
    right = graph.network()
    name = ("weights", "thresholds")[index - 1]
    wrong = getattr(right.layers[index], name).copy()
    wrong[0] = 1 - wrong[0] if name == "weights" else wrong[0] - 9
    layers = [replace(layer, **{name: wrong} if n == index else {}) for n, layer in enumerate(right.layers)]
    foldings = (Folding(5, 9), Folding(5, 15), Folding(1, 5))
    text = to_verilog(Accelerator(replace(right, layers=tuple(layers)), foldings, scores=True))
    verilog = tmp_path / "core.v"
    verilog.write_text(text)
    with pytest.raises(VerificationError, match=f"images differ from the golden model, first image \\d+{place}"):
        verify_verilog(
            [verilog],
            Accelerator(right, foldings, scores=True),
            random_images(right, 30),
            simulator="icarus",
            workdir=tmp_path,
        )
