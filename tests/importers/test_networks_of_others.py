"""Networks that others trained score here what they score there."""

import numpy as np
import pytest

from tests.importers.bnn_pynq import cnv, lfc
from tests.importers.graphs import Chain, judge
from tests.samples import sample
from xnorflow.model import golden
from xnorflow.model.ir import MaxPool, Thermometer
from xnorflow.model.qonnx.reader import import_qonnx

pytestmark = pytest.mark.models


def correct(network, data, count=None):
    """Right answers among the first test images, or all of them."""
    return int((golden.predict(network, data.test_images[:count]) == data.test_labels[:count]).sum())


@pytest.mark.data("mnist")
def test_brevitas_tfc_scores_9296_of_10000(models, whole_mnist):
    network = import_qonnx(models / "qonnx" / "TFC_1W1A.onnx", dataset="mnist")
    assert network.names == ("dense0", "dense1", "dense2", "scores3")
    assert network.input == Thermometer((28, 28), (128,))
    assert correct(network, whole_mnist) == 9296


def test_brevitas_tfc_agrees_with_the_executor_of_qonnx(models):
    path = models / "qonnx" / "TFC_1W1A.onnx"
    images = sample("mnist")[0][:200]
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
        assert np.array_equal(left.ending.thresholds, right.ending.thresholds)


@pytest.mark.data("mnist")
def test_lfc_scores_9834_of_10000(models, whole_mnist):
    network = lfc(models / "bnn-pynq" / "mnist_lfcW1A1.npz")
    assert correct(network, whole_mnist) == 9834


@pytest.mark.data("cifar-10")
def test_cnv_scores_406_of_the_first_500(models, whole_cifar):
    network = cnv(models / "bnn-pynq" / "cifar10_cnvW1A1.npz")
    assert correct(network, whole_cifar, 500) == 406


def written_as_onnx(path):
    """The convolutional network in FINN's dialect, with its pre-processing in the graph."""
    bits = {"out_dtype": "BIPOLAR", "out_scale": 2.0, "out_bias": -1.0}
    chain = Chain(1, 3, 32, 32).add("Div", 255.0).add("Mul", 2.0).add("Sub", 1.0)
    chain.add("Quant", 2.0**-7, 0.0, 8.0, signed=1, narrow=0, rounding_mode="FLOOR")
    arrays = dict(np.load(path))
    for index in range(8):
        weights = arrays[f"W{index}"].astype(np.float32)
        chain.add(*("MatMul", weights.T) if weights.ndim == 2 else ("Conv", weights.transpose(0, 3, 1, 2)))
        # Above the threshold: twice the dot product of the first layer, elsewhere the count of equal inputs.
        levels = (arrays["T0"] + 0.5) / 2 * 2.0**-7 if index == 0 else 2 * arrays[f"T{index}"] + 1 - weights[0].size
        chain.add("MultiThreshold", levels[:, np.newaxis].astype(np.float32), **bits)
        if index in (1, 3):
            chain.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        if index == 5:
            chain.add("Flatten")
    return chain.add("MatMul", arrays["W8"].astype(np.float32).T)


def test_cnv_written_as_onnx_is_imported_to_the_same_network(models, tmp_path):
    path = models / "bnn-pynq" / "cifar10_cnvW1A1.npz"
    expected, network = cnv(path), import_qonnx(written_as_onnx(path).save(tmp_path / "cnv.onnx"))
    pixels = np.arange(256 * 12, dtype=np.uint8).reshape(1, 32, 32, 3)
    assert np.array_equal(golden.quantize(network.input, pixels), golden.quantize(expected.input, pixels))
    assert network.tensors[:-1] == expected.tensors[:-1]
    assert np.array_equal(network.layers[-1].weights[:10], expected.layers[-1].weights)
    for ours, theirs in zip(network.layers[:-1], expected.layers[:-1], strict=True):
        if isinstance(theirs, MaxPool):
            assert ours == theirs
        else:
            assert np.array_equal(ours.weights, theirs.weights)
            assert np.array_equal(ours.ending.thresholds, theirs.ending.thresholds)


@pytest.mark.slow
@pytest.mark.data("cifar-10")
def test_cnv_scores_7936_of_10000(models, whole_cifar):
    network = cnv(models / "bnn-pynq" / "cifar10_cnvW1A1.npz")
    assert correct(network, whole_cifar) == 7936
