"""Networks that others trained score here what they score there."""

import numpy as np
import pytest

from tests.importers.bnn_pynq import cnv, lfc
from tests.importers.graphs import judge
from xnorflow.model import golden
from xnorflow.model.ir import Thermometer
from xnorflow.model.qonnx import import_qonnx


def correct(network, images, labels):
    return int((golden.predict(network, images) == labels).sum())


def test_brevitas_tfc_scores_9296_of_10000(models, mnist):
    network = import_qonnx(models / "qonnx" / "TFC_1W1A.onnx", dataset="mnist")
    assert network.names == ("dense0", "dense1", "dense2", "scores3")
    assert network.input == Thermometer((28, 28), (128,))
    assert correct(network, mnist.test_images, mnist.test_labels) == 9296


def test_brevitas_tfc_agrees_with_the_executor_of_qonnx(models, mnist):
    path = models / "qonnx" / "TFC_1W1A.onnx"
    images = mnist.test_images[:200]
    expected = judge(path, images, divisor=255).argmax(axis=1)
    assert golden.predict(import_qonnx(path), images).tolist() == expected.tolist()


def test_finn_tfc_gives_its_stored_output(models):
    folder = models / "qonnx"
    images = np.load(folder / "TFC_w1a1_multithreshold_input.npy")
    network = import_qonnx(folder / "TFC_w1a1_multithreshold.onnx")
    assert np.array_equal(images, images.astype(np.uint8))
    expected = np.load(folder / "TFC_w1a1_multithreshold_expected.npy")
    assert golden.predict(network, images[:, 0].astype(np.uint8)).tolist() == expected.tolist()


def test_finn_tfc_is_brevitas_tfc(models):
    one, other = (import_qonnx(models / "qonnx" / file) for file in ("TFC_1W1A.onnx", "TFC_w1a1_multithreshold.onnx"))
    assert one.input == other.input
    for left, right in zip(one.layers, other.layers, strict=True):
        assert np.array_equal(left.weights, right.weights)
    for left, right in zip(one.layers[:-1], other.layers[:-1], strict=True):
        assert np.array_equal(left.thresholds, right.thresholds)


def test_lfc_scores_9834_of_10000(models, mnist):
    network = lfc(models / "bnn-pynq" / "mnist_lfcW1A1.npz")
    assert correct(network, mnist.test_images, mnist.test_labels) == 9834


def test_cnv_scores_406_of_the_first_500(models, cifar):
    images, labels = cifar
    network = cnv(models / "bnn-pynq" / "cifar10_cnvW1A1.npz")
    assert correct(network, images[:500], labels[:500]) == 406


@pytest.mark.slow
def test_cnv_scores_7936_of_10000(models, cifar):
    network = cnv(models / "bnn-pynq" / "cifar10_cnvW1A1.npz")
    assert correct(network, *cifar) == 7936
