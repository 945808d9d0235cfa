"""Brevitas' own networks, written by its own exporters, give here the classes that Brevitas gives.

Its definitions (``brevitas_examples.bnn_pynq``) with weights and batch norms by chance, some of which turn the sign; scores are
compared by their order, as the file's are real numbers and ours are integers.

    pip install -e '.[dev,dev-brevitas]'
    pytest -m slow tests/importers/test_brevitas.py
"""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.importers.graphs import judge
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import QonnxError, import_qonnx
from xnorflow.model.tensors import Element

pytestmark = [pytest.mark.slow, pytest.mark.packages("brevitas")]

SHAPES = {"tfc": (1, 28, 28), "cnv": (3, 32, 32)}
COUNTS = {"tfc": 40, "cnv": 8}
"""Images: a convolution of Brevitas takes its time."""

EXPORTERS = pytest.mark.parametrize("dynamo", [False, True], ids=["torchscript", "dynamo"])


def build(name, *, seed=0, without_zeros=False):
    """One of Brevitas' definitions, with numbers by chance.

    With ``without_zeros`` the latent weights are so far from 0 that a ternary quantizer makes ±1 of all of them.
    """
    from brevitas_examples.bnn_pynq.models import model_with_cfg

    rng = np.random.default_rng(seed)
    module, _ = model_with_cfg(name, False)
    for part in module.modules():
        if hasattr(part, "running_var"):
            size = len(part.running_var)
            part.running_mean = as_tensor(3 * rng.normal(size=size))
            part.running_var = as_tensor(rng.uniform(0.5, 50, size))
            part.weight.data = as_tensor(rng.normal(size=size))
            part.bias.data = as_tensor(rng.normal(size=size) / 2)
        elif hasattr(part, "weight_quant"):
            latent = rng.uniform(-1, 1, part.weight.shape)
            part.weight.data = as_tensor(np.sign(latent) * (0.55 + 0.4 * abs(latent)) if without_zeros else latent)
    return module.eval()


def as_tensor(values):
    return torch.tensor(np.asarray(values, np.float32))


def export(exporter, module, name, path, *, dynamo):
    """Write a file with one of ``brevitas.export``."""
    import brevitas.export

    options = {"optimize": True, "verbose": False} if dynamo else {}
    example = torch.zeros((1, *SHAPES[name[:3]]))
    getattr(brevitas.export, exporter)(module, args=example, export_path=str(path), dynamo=dynamo, **options)
    return Path(path)


def random_images(name, *, seed=1):
    """Raw images as a camera gives them, and as Brevitas' training script does: ``ToTensor``."""
    channels, *size = SHAPES[name[:3]]
    raw = np.random.default_rng(seed).integers(0, 256, (COUNTS[name[:3]], *size, channels), dtype=np.uint8)
    tensor = torch.from_numpy(raw.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255))
    return raw if channels > 1 else raw[..., 0], tensor


def ranking(scores):
    """The classes of each image from the highest score to the lowest, equal ones by their index."""
    return [np.argsort([-score for score in row], kind="stable").tolist() for row in scores]


def check_equal(path, module, name):
    """The imported network orders the classes of all images as Brevitas does; gives it."""
    raw, tensor = random_images(name)
    network = import_qonnx(path)
    with torch.no_grad():
        expected = module(tensor).numpy()
    assert golden.predict(network, raw).tolist() == expected.argmax(axis=1).tolist()
    assert ranking(golden.forward(network, raw)) == ranking(expected)
    assert len(set(expected.argmax(axis=1))) > 1
    return network


@EXPORTERS
@pytest.mark.parametrize("name", ["tfc_1w1a", "tfc_1w2a", "cnv_1w1a", "cnv_1w2a"])
def test_qonnx_gives_the_classes_of_brevitas(name, dynamo, tmp_path):
    module = build(name)
    network = check_equal(export("export_qonnx", module, name, tmp_path / "it.onnx", dynamo=dynamo), module, name)
    elements = {tensor.element for tensor in network.tensors[1:-1]}
    assert elements == {Element.BIT if name.endswith("1a") else Element.UINT}


@pytest.mark.parametrize("turn", [1.0, -1.0])
@pytest.mark.parametrize("name", ["tfc_1w1a", "tfc_1w2a"])
def test_the_sign_of_the_last_norm_turns_the_order(name, turn, tmp_path):
    module = build(name, seed=2)
    module.features[-1].weight.data = torch.tensor([turn])
    check_equal(export("export_qonnx", module, name, tmp_path / "it.onnx", dynamo=False), module, name)


@pytest.mark.parametrize(("name", "count"), [("tfc_1w1a", 10), ("tfc_1w2a", 10), ("cnv_1w2a", 1)])
def test_the_executor_of_qonnx_says_the_same(name, count, tmp_path):
    path = export("export_qonnx", build(name), name, tmp_path / "it.onnx", dynamo=False)
    raw = random_images(name)[0][:count]
    expected = judge(path, raw, divisor=255)
    assert ranking(golden.forward(import_qonnx(path), raw)) == ranking(expected)


@EXPORTERS
@pytest.mark.parametrize("name", ["tfc_1w1a", "tfc_1w2a", "cnv_1w1a", "cnv_1w2a"])
def test_qcdq_exports_no_bits(name, dynamo, tmp_path):
    """So that nobody looks for the file: Brevitas has no such export of 1-bit weights."""
    with pytest.raises(AssertionError, match=r"^Binary quant not supported$"):
        export("export_onnx_qcdq", build(name), name, tmp_path / "it.onnx", dynamo=dynamo)


@EXPORTERS
@pytest.mark.parametrize("name", ["tfc_2w2a", "cnv_2w2a"])
def test_qcdq_gives_the_classes_of_brevitas_where_no_weight_is_zero(name, dynamo, tmp_path):
    module = build(name, without_zeros=True)
    check_equal(export("export_onnx_qcdq", module, name, tmp_path / "it.onnx", dynamo=dynamo), module, name)


@EXPORTERS
@pytest.mark.parametrize("exporter", ["export_qonnx", "export_onnx_qcdq"])
def test_ternary_weights_are_refused_by_name(exporter, dynamo, tmp_path):
    path = export(exporter, build("tfc_2w2a"), "tfc_2w2a", tmp_path / "it.onnx", dynamo=dynamo)
    with pytest.raises(QonnxError, match=rf"^{re.escape(str(path))}: \S+ \((MatMul|Gemm)\): .*-1, 0, 1"):
        import_qonnx(path)
