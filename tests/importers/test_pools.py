"""Pools with padding, in all ways to write it, image for image as ONNX Runtime pools."""

import numpy as np
import onnxruntime
import pytest

from tests.importers.graphs import Chain, bipolar
from tests.importers.reference import reference
from xnorflow.model import golden
from xnorflow.model.ir import MaxPool
from xnorflow.model.qonnx.reader import import_qonnx

LOWEST = float(np.finfo(np.float32).min)

# What the pool has, what a Pad before it puts around, and the padding that comes of it for an image of 5x6.
POOLS = {
    "pads": ({"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, None, (1, 1)),
    "pads of four": ({"kernel_shape": [2, 3], "pads": [1, 0, 0, 2]}, None, (1, 0, 0, 2)),
    "same": ({"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, None, (0, 0, 1, 0)),
    "same, odd above": ({"kernel_shape": [2, 3], "strides": [2, 1], "auto_pad": "SAME_LOWER"}, None, (1, 1)),
    "ceil": ({"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, None, (0, 0, 1, 0)),
    "ceil, padded": ({"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1}, None, (1, 1, 1, 2)),
    "ceil, hanging over by two": (
        {"kernel_shape": [3, 3], "strides": [2, 4], "pads": [0, 0, 0, 1], "ceil_mode": 1}, None, (0, 0, 0, 1),
    ),
    "ceil without need": ({"kernel_shape": [1, 2], "strides": [2, 2], "ceil_mode": 1}, None, (0, 0)),
    "padded where no window reaches": ({"kernel_shape": [2, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]}, None, (1, 0)),
    "a Pad of minus infinity": ({"kernel_shape": [2, 2]}, (-np.inf, 1), (1, 0, 0, 1)),
    "a Pad of the lowest number": ({"kernel_shape": [3, 2], "strides": [2, 2]}, (LOWEST, 0), (1, 0, 0, 0)),
}  # fmt: skip


def judged(path, images):
    """The scores that ONNX Runtime gives, channels first."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    pixels = images.transpose(0, 3, 1, 2) if images.ndim == 4 else images.reshape(-1, *entry.shape[1:])
    rows = [session.run(None, {entry.name: image[np.newaxis].astype(np.float32)})[0] for image in pixels]
    return np.array(rows).reshape(len(images), -1)


# Of bits, of dot products, and of such whose smallest is wanted: they become bits, by a sign that sees odd numbers only.
ORDERS = {"bits": ("Sign", "pool"), "dots": ("pool", "Sign"), "both ways": ("Mul", "pool", "Sign")}


def pooled(rng, order, attributes, filler):
    """A pool of the maps of four filters, and scores of all that it gives."""
    chain = Chain(1, 3, 5, 6).add("Sub", 127.5).add("Sign").add("Conv", bipolar(rng, 4, 3, 1, 1))
    for operator in ORDERS[order]:
        if operator == "pool":
            chain = chain if filler is None else chain.add("Pad", np.array([0, 0, 1, 0, 0, 0, 0, filler[1]]), filler[0])
            chain.add("MaxPool", **attributes)
        else:
            chain.add(operator, *([np.array([1, -2, 3, -1.0]).reshape(4, 1, 1)] if operator == "Mul" else []))
    return chain


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", POOLS)
def test_a_padded_pool_gives_what_onnx_runtime_does(name, order, tmp_path):
    attributes, filler, padding = POOLS[name]
    rng = np.random.default_rng(seed=3)
    chain = pooled(rng, order, attributes, filler)
    probe = onnxruntime.InferenceSession(chain.model().SerializeToString())
    size = probe.run(None, {"image": np.zeros((1, 3, 5, 6), np.float32)})[0].size
    path = chain.add("Flatten").add("MatMul", bipolar(rng, size, 5)).save(tmp_path / "network.onnx")
    network = import_qonnx(path)
    assert [layer.padding for layer in network.layers if isinstance(layer, MaxPool)] == [padding]
    images = rng.integers(0, 256, (20, 5, 6, 3), np.uint8)
    assert golden.forward(network, images).tolist() == judged(path, images).tolist()


@pytest.mark.parametrize(
    "attributes",
    [{"pads": [1, 1], "strides": [2]}, {"ceil_mode": 1, "strides": [2]}, {"auto_pad": "SAME_LOWER", "strides": [3]}],
)
def test_a_padded_pool_of_a_sequence(attributes, tmp_path):
    rng = np.random.default_rng(seed=4)
    chain = Chain(1, 1, 10).add("Sub", 127.5).add("Sign").add("Conv", bipolar(rng, 4, 1, 3)).add("Sign")
    chain.add("MaxPool", kernel_shape=[3], **attributes).add("Flatten")
    size = (
        onnxruntime.InferenceSession(chain.model().SerializeToString())
        .run(None, {"image": np.zeros((1, 1, 10), np.float32)})[0]
        .size
    )
    path = chain.add("MatMul", bipolar(rng, size, 3)).save(tmp_path / "network.onnx")
    network, images = import_qonnx(path), rng.integers(0, 256, (20, 10), np.uint8)
    assert golden.forward(network, images.reshape(-1, *network.input.shape)).tolist() == judged(path, images).tolist()


@pytest.mark.parametrize("keeps", [0, 1])
@pytest.mark.parametrize("operator", ["ReduceMax", "ReduceMean", "ReduceSum"])
def test_what_is_reduced_over_rows_and_columns_is_a_pool(operator, keeps, tmp_path):
    """As PyTorch writes ``AdaptiveMaxPool2d(1)``, ``amax`` and ``sum``."""
    rng = np.random.default_rng(seed=2)
    chain = Chain(1, 3, 5, 6).add("Sub", 127.5).add("Sign").add("Conv", bipolar(rng, 6, 3, 2, 3)).add("Add", 0.5)
    axes = {} if operator == "ReduceSum" else {"axes": [2, -1]}
    chain.add(operator, *([] if axes else [np.array([2, -1])]), keepdims=keeps, **axes)
    chain.add("Flatten").add("Sub", rng.normal(0, 3, 6)).add("BipolarQuant", 1.0).add("MatMul", bipolar(rng, 6, 5))
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    images = rng.integers(0, 256, (100, 5, 6, 3), np.uint8)
    expected = reference(chain.model(), images.transpose(0, 3, 1, 2))
    assert np.array_equal(golden.predict(network, images), expected.argmax(axis=1))
