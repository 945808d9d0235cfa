"""Random networks, class for class as ONNX's reference evaluator says in double precision."""

import numpy as np
import pytest

from tests.importers.random_graphs import BITS, INTEGERS, random_network
from tests.importers.reference import reference
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import QonnxError, import_qonnx
from xnorflow.model.store import load, save

REFUSALS = ("must pad with", "inputs must have one scale")
MORE = ("must be ±1 times one scale, not", "scores must have one scale for all classes")
"""What such a network may ask for that cannot be, and such a one of integer weights."""


def imported(path):
    try:
        return "", import_qonnx(path)
    except QonnxError as error:
        return str(error), None


def check_network(seed, folder, kinds=BITS):
    """Whether a network was imported; AssertionError where it is another than its file says."""
    model, picture, _, layout = random_network(seed, kinds)
    path = folder / "network.onnx"
    path.write_bytes(model.SerializeToString())
    images = np.random.default_rng(seed + 1).integers(0, 256, (10, *picture), np.uint8)
    expected = reference(
        model, (images.transpose(0, 3, 1, 2) if images.ndim == 4 and layout == "nchw" else images) / 255
    )
    refused, network = imported(path)
    if network is None:
        refusals = (*REFUSALS, *(MORE if kinds is INTEGERS else ()))
        assert any(text in refused for text in refusals), (seed, refused)
        return False
    # A sequence has no rows, unless something else than a convolution reads it first.
    assert network.input.shape in (picture, picture[1:] if layout == "ncl" else picture), seed
    images = images.reshape(-1, *network.input.shape)
    classes = golden.predict(network, images)
    # Doubles tell numbers apart that are one: there the class is any of the best.
    best = expected >= expected.max(axis=1, keepdims=True) - 1e-9
    assert best[np.arange(len(images)), classes].all(), seed
    save(network, folder / "network.safetensors")
    assert golden.predict(load(folder / "network.safetensors"), images).tolist() == classes.tolist()
    return True


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_random_networks_give_the_classes_of_the_reference_evaluator(start, tmp_path):
    assert sum(check_network(seed, tmp_path) for seed in range(start, start + 20)) >= 14


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_random_networks_of_integer_weights_give_the_classes_of_the_reference_evaluator(start, tmp_path):
    assert sum(check_network(seed, tmp_path, INTEGERS) for seed in range(start, start + 20)) >= 10


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_random_networks(tmp_path):
    assert sum(check_network(seed, tmp_path) for seed in range(100, 500)) >= 300
