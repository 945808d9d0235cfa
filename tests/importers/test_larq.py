"""Networks of larq as tf2onnx writes them are imported exactly: against fractions, and against what Keras itself said."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.importers.larq_graphs import Form, evaluate, random_network, write
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.device import DEVICES, ECP5
from xnorflow.hw.search import smallest
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx
from xnorflow.sim.verify import verify

SAMPLES = sorted((Path(__file__).parents[1] / "samples" / "larq").glob("*.onnx"))

SAME, ONES = {"padding": "same"}, {"padding": "same", "pad_values": 1.0}
POOL = {"pool": 2}

# Filters and options of the convolutions, neurons of the dense layers, channels.
NETWORKS = {
    "mlp": ([], [12, 8, 5], 1),
    "mlp on colours": ([], [9, 5], 3),
    "valid": ([(4, {}), (5, {})], [5], 1),
    "valid on colours": ([(4, POOL), (5, {})], [6, 5], 3),
    "zeros": ([(4, SAME), (4, SAME)], [5], 1),
    "zeros and pools": ([(4, SAME | POOL), (5, SAME | POOL)], [7, 5], 3),
    "ones": ([(4, SAME), (4, ONES)], [5], 1),
    "ones and pools": ([(4, SAME | POOL), (5, ONES | POOL)], [7, 5], 3),
    "steps of two": ([(4, {}), (5, {"stride": 2})], [5], 1),
}

FORMS = {
    "as it is": Form(),
    "opset 13, one image": Form(opset=13, batch=1),
    "latent kernels": Form(opset=14, latent=True),
    "automatic padding": Form(automatic=True),
    "no softmax": Form(softmax=False),
}


def ranking(scores):
    """The classes of each image from the highest score to the lowest, equal ones by their index."""
    return [np.argsort([-score for score in row], kind="stable").tolist() for row in scores]


def check(layers, channels, form, path, *, size=8, count=6):
    """Import, and order the classes of random images as exact arithmetic does."""
    onnx.save(write(layers, (size, size, channels), form), path)
    network = import_qonnx(path)
    images = np.random.default_rng(1).integers(0, 256, (count, size, size, channels), dtype=np.uint8)
    expected = [evaluate(layers, image, folded=not form.latent) for image in images]
    given = golden.forward(network, images if channels > 1 else images[..., 0])
    assert ranking(given) == ranking(expected)
    return network


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name, tmp_path):
    convs, denses, channels = NETWORKS[name]
    layers = random_network(np.random.default_rng(0), channels, convs, denses)
    check(layers, channels, Form(), tmp_path / "it.onnx")


@pytest.mark.parametrize("size", [9, 10, 11])
def test_steps_of_two_with_padding(size, tmp_path):
    """Of an even size Keras pads below and right only."""
    convs = [(4, SAME | {"stride": 2}), (5, ONES | {"stride": 2}), (4, SAME | {"stride": 2})]
    check(
        random_network(np.random.default_rng(0), 1, convs, [5], size=size), 1, Form(), tmp_path / "it.onnx", size=size
    )


def test_inverted_bits_behind_a_pool_are_turned_back_before_a_padding(tmp_path):
    layers = random_network(np.random.default_rng(5), 3, [(4, POOL), (5, ONES)], [5], gamma=True)
    assert {*np.sign(layers[0].norm.gamma)} == {-1, 1}
    network = check(layers, 3, Form(), tmp_path / "it.onnx")
    assert network.names == ("conv2d0", "maxpool1", "conv2d2", "conv2d3", "scores4")
    assert network.layers[2].groups == 4


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["mlp", "zeros and pools", "ones"])
def test_forms(name, form, tmp_path):
    convs, denses, channels = NETWORKS[name]
    layers = random_network(np.random.default_rng(2), channels, convs, denses)
    check(layers, channels, FORMS[form], tmp_path / "it.onnx")


@pytest.mark.parametrize("name", ["mlp", "valid on colours", "zeros and pools", "ones"])
def test_scales_of_either_sign(name, tmp_path):
    """``scale=True``, Keras' own default, has factors below 0."""
    convs, denses, channels = NETWORKS[name]
    layers = random_network(np.random.default_rng(3), channels, convs, denses, gamma=True)
    assert all(layer.norm.gamma.min() < 0 for layer in layers)
    check(layers, channels, Form(), tmp_path / "it.onnx")


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_files_of_larq_give_the_classes_of_keras(file):
    """Real files: the networks of ``tests/samples/larq/make.py``, by larq and tf2onnx, with what Keras said in float32."""
    network = import_qonnx(file)
    with np.load(file.with_suffix(".npz")) as expected:
        images = expected["images"].reshape(-1, *network.input.shape)
        assert golden.predict(network, images).tolist() == expected["classes"].tolist()
        assert len(set(expected["classes"].tolist())) > 1


def test_all_files_are_there():
    assert len(SAMPLES) == 11


def test_a_file_of_larq_goes_through_its_verilog(tmp_path):
    (file,) = (file for file in SAMPLES if file.stem == "residual")
    network = import_qonnx(file)
    with np.load(file.with_suffix(".npz")) as expected:
        images, classes = expected["images"].reshape(-1, *network.input.shape), expected["classes"]
    foldings = smallest(network, Budget(DEVICES["ECP5-25F"]), interval=1000)
    report = verify(Accelerator(network, foldings, family=ECP5, scores=True), images, workdir=tmp_path)
    assert (report.images, report.mismatches) == (len(images), 0)
    assert report.classes.tolist() == classes.tolist()
