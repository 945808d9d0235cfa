"""Networks that others trained, image by image through the Verilog that is generated for them."""

import numpy as np
import pytest

from tests.importers.bnn_pynq import cnv, lfc
from tests.samples import sample
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding
from xnorflow.model.qonnx.reader import import_qonnx
from xnorflow.sim.verify import verify

pytestmark = pytest.mark.models

TFC = tuple(Folding(*pair) for pair in [(4, 98), (8, 4), (8, 4), (5, 1)])
LFC = tuple(Folding(*pair) for pair in [(32, 49), (32, 64), (32, 64), (10, 2)])
# FINN's own: 32,768 cycles a frame.
CNV = tuple(
    Folding(*pair) for pair in [(16, 3), (32, 32), (16, 32), (16, 32), (4, 32), (1, 32), (1, 4), (1, 8), (5, 1)]
)


def through_rtl(network, foldings, images, folder, *, family, interval):
    accelerator = Accelerator(network, foldings, family=family, scores=True)
    report = verify(accelerator, images, workdir=folder)
    assert (report.images, report.mismatches) == (len(images), 0)
    assert report.interval_measured == accelerator.interval == interval
    return report.classes


@pytest.mark.data("mnist")
def test_imported_tfc_gets_9296_of_10000_in_rtl(models, whole_mnist, tmp_path):
    network = import_qonnx(models / "qonnx" / "TFC_1W1A.onnx")
    classes = through_rtl(network, TFC, whole_mnist.test_images, tmp_path, family=ICE40, interval=128)
    assert (classes == whole_mnist.test_labels).sum() == 9296


def test_imported_multithreshold_tfc_in_rtl(models, tmp_path):
    network = import_qonnx(models / "qonnx" / "TFC_w1a1_multithreshold.onnx")
    stored = np.load(models / "qonnx" / "TFC_w1a1_multithreshold_input.npy").reshape(-1, 28, 28).astype(np.uint8)
    images = np.concatenate([stored, sample("mnist")[0]])
    classes = through_rtl(network, TFC, images, tmp_path, family=ICE40, interval=128)
    expected = np.load(models / "qonnx" / "TFC_w1a1_multithreshold_expected.npy").ravel()
    assert classes[: len(expected)].tolist() == expected.tolist()


@pytest.mark.slow
def test_lfc_in_rtl(models, tmp_path):
    network = lfc(models / "bnn-pynq" / "mnist_lfcW1A1.npz")
    through_rtl(network, LFC, sample("mnist")[0][:100], tmp_path, family=ECP5, interval=512)


@pytest.mark.slow
def test_cnv_in_rtl_at_the_folding_of_finn(models, tmp_path):
    network, images = cnv(models / "bnn-pynq" / "cifar10_cnvW1A1.npz"), sample("cifar-10")[0][:10]
    through_rtl(network, CNV, images, tmp_path, family=ECP5, interval=32_768)
