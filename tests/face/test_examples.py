"""The examples run as they are."""

import importlib.util
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def load_example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_convolutional_network_is_trained_and_compiled(tmp_path):
    accuracy = load_example("train_cnn").main(tmp_path, epochs=4, simulator="icarus")
    assert accuracy > 0.5
