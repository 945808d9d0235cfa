"""Small networks as other tools write them, whose right answers were worked out by none of the tools concerned."""

import os
from pathlib import Path

import numpy as np
import pytest

from xnorflow.model import golden
from xnorflow.model.qonnx.reader import QonnxError, import_qonnx

pytestmark = pytest.mark.cases

REFUSED = {
    "24_sign_zero": "Sign_5 (Sign): can be 0 in channel 0, and Sign(0) is 0; export with BipolarQuant, where it is +1",
    "25_float_head": "MatMul_7 (MatMul): weights of the last layer must be ±1, or integers of up to 8 bits, times one "
    "scale for each class, not real numbers; quantize it to 8 bits, or train it with 1-bit weights",
    "32_two_bit_weights": "MatMul_4 (MatMul): weights of neuron 0 must be ±1 times one scale, not -1, 0, 1; "
    "train with 1-bit weights",
}


def files():
    folder = os.environ.get("XNORFLOW_CASES")
    return sorted(Path(folder).glob("*.onnx")) if folder else []


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_a_case_is_right_or_refused(path):
    if path.stem in REFUSED:
        with pytest.raises(QonnxError) as caught:
            import_qonnx(path)
        assert str(caught.value).removeprefix(f"{path}: ").endswith(REFUSED[path.stem].split(" ", 1)[1])
        return
    with np.load(path.with_suffix(".npz")) as case:
        images, classes = case["images"], case["classes"]
    network = import_qonnx(path)
    assert network.input.shape == images.shape[1:]
    assert golden.predict(network, images).tolist() == classes.tolist()


def test_all_cases_are_there():
    assert len(files()) >= 30
