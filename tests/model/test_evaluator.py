"""The golden model gives what docs/ir.md says: on random networks it equals an evaluator written from that page alone."""

import runpy
import sys

import numpy as np
import pytest

from tests.docs.pages import PAGES, read
from tests.model.evaluator import Evaluator
from tests.networks import random_images
from tests.networks_at_random import random_graph
from xnorflow.model import golden
from xnorflow.model.ir import IMAGE, Add, Affine, Bias, Dense, Element, Network
from xnorflow.model.store import fingerprint, load, save
from xnorflow.model.trained import FOLDER, load_trained

pytestmark = pytest.mark.usefixtures("kernels")

IMAGES = 3


@pytest.mark.parametrize("part", range(10))
def test_every_tensor_of_random_networks_is_what_the_page_says(part, tmp_path):
    path = tmp_path / "model"
    for seed in range(30 * part, 30 * part + 30):
        network = random_graph(np.random.default_rng((0, seed)))
        save(network, path)
        loaded, evaluator = load(path), Evaluator(path)
        assert fingerprint(loaded) == fingerprint(network), seed
        images = random_images(network, IMAGES, seed=seed)
        traced = golden.trace(loaded, images)
        assert golden.forward(network, images).tolist() == [evaluator.scores(image) for image in images], seed
        for number, image in enumerate(images):
            expected = evaluator.tensors(image)
            for place, tensor, values in zip(sorted(expected), loaded.tensors, traced, strict=True):
                found = 2 * values[number] - 1 if tensor.element is Element.BIT else values[number]
                assert (tensor.shape, tensor.span) == (
                    expected[place].shape,
                    (expected[place].low, expected[place].high),
                )
                assert found.reshape(-1).tolist() == expected[place].flat, (seed, place)


def test_the_widest_integers_are_exact(tmp_path):
    """Sums of 48 bits, whose dot products need double precision."""
    rng = np.random.default_rng(seed=0)
    layers = [
        Add((16, 16)),
        Add((16, 16)),
        Add((4, 4)),
        Dense(rng.integers(0, 2, (5, 32)), Bias(rng.integers(-9, 9, 5))),
    ]
    sources = ((IMAGE, IMAGE), (0, 0), (1, 1), (2,))
    network = Network("wide", Affine((4, 4, 2), 1, 0, 32, 3), layers, sources=sources)
    assert network.tensors[-1].width == 48
    save(network, tmp_path / "model")
    images = random_images(network, 20)
    expected = [Evaluator(tmp_path / "model").scores(image) for image in images]
    assert golden.forward(network, images).tolist() == expected


@pytest.fixture
def reader():
    """The program at the end of the page."""
    return next(block.text for block in read(PAGES["docs/ir.md"].read_text()).blocks if "safe_open" in block.text)


def test_the_reader_of_the_page_gives_the_same(reader, tmp_path, monkeypatch, capsys):
    (tmp_path / "reader.py").write_text(reader)
    paths = [str(tmp_path / name) for name in ("reader.py", "model.safetensors", "image.npy")]
    monkeypatch.setattr(sys, "argv", paths)
    for seed in range(40):
        network = random_graph(np.random.default_rng((0, seed)))
        image = random_images(network, 1, seed=seed)
        save(network, paths[1])
        np.save(paths[2], image[0])
        runpy.run_path(paths[0], run_name="__main__")
        scores = golden.forward(network, image)[0]
        assert capsys.readouterr().out == f"{scores.argmax()} {scores.tolist()}\n", seed


@pytest.mark.parametrize("name", ["digits", "tfc"])
def test_a_network_that_ships_gives_what_the_page_says(name):
    network = load_trained(name)
    images = random_images(network, 2)
    evaluator = Evaluator(FOLDER / f"{name}.safetensors")
    assert golden.forward(network, images).tolist() == [evaluator.scores(image) for image in images]


def test_no_images_have_no_scores():
    for seed in range(40):
        graph = random_graph(np.random.default_rng(seed))
        assert golden.forward(graph, random_images(graph, 0)).shape == (0, graph.classes)


def test_batches_and_single_images_agree(monkeypatch):
    for seed in range(40):
        graph = random_graph(np.random.default_rng(seed))
        images = random_images(graph, 7)
        expected = golden.forward(graph, images)
        monkeypatch.setattr(golden, "WORKSPACE", 1)
        assert np.array_equal(golden.forward(graph, images), expected)
        monkeypatch.undo()
