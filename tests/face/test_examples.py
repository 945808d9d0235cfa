"""The examples run as they are."""

import importlib.util
from pathlib import Path

import numpy as np

from tests.importers.graphs import Chain, bipolar
from xnorflow.model import golden
from xnorflow.model.data.datasets import Dataset
from xnorflow.model.store import load

EXAMPLES = Path(__file__).parents[2] / "examples"


def load_example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_convolutional_network_is_trained_and_compiled(tmp_path):
    accuracy = load_example("train_cnn").main(tmp_path, epochs=4, simulator="icarus")
    assert accuracy > 0.5


def test_a_file_of_others_is_imported_and_compiled(tmp_path, monkeypatch):
    rng = np.random.default_rng(seed=0)
    chain = Chain(1, 1, 28, 28).add("Sub", 0.5).add("BipolarQuant", 1.0).add("Flatten")
    chain.add("MatMul", bipolar(rng, 784, 16)).add("BipolarQuant", 1.0).add("MatMul", bipolar(rng, 16, 10))
    images, labels = rng.integers(0, 256, (200, 28, 28), np.uint8), rng.integers(0, 10, 200)
    data = Dataset("mnist", images, labels, images, labels, tuple("0123456789"))
    example = load_example("import_qonnx")
    # MNIST is on few machines.
    monkeypatch.setattr(example, "load", lambda name: {"mnist": data}[name])
    correct = example.main(chain.save(tmp_path / "small.onnx"), tmp_path / "out")
    network = load(tmp_path / "out" / "model.safetensors")
    assert correct == (golden.predict(network, images) == labels).sum() > 0
    assert "module xnorflow_core" in (tmp_path / "out" / "core.v").read_text()
