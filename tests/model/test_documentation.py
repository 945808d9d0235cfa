"""The reader in docs/ir.md reads what this project writes, and computes the same."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.networks import random_conv_network, random_images, random_network
from xnorflow.model.golden import forward, predict
from xnorflow.model.ir import Affine, MaxPool, Thermometer
from xnorflow.model.outlines import Filters, Neurons
from xnorflow.model.store import save
from xnorflow.model.zoo import ZOO
from xnorflow.model.zoo import random_network as zoo_network

IR = Path(__file__).parents[2] / "docs" / "ir.md"


IMAGES = random_conv_network(
    Thermometer((9, 7), (60, 128)),
    (
        Filters(4, (3, 2), (2, 1), (1, 1), pad=1),
        MaxPool((2, 3), (1, 2)),
        MaxPool((2, 2), (2, 1), (0, 1, 1, 0)),
        Filters(3, (2, 2)),
        Neurons(5),
    ),
)
COLOUR = random_conv_network(ZOO["cnv"].input, (Filters(3, (4, 3), (3, 5), (2, 1), pad=-7), Neurons(6)))
INTEGERS = random_conv_network(Affine((4, 3), -3, 700, 50, 4), (Neurons(5),))
FLAT = random_conv_network(Thermometer((6,), (60, 128)), (Neurons(5),))


@pytest.mark.parametrize(
    "network", [random_network((9, 5, 3), extreme=True), zoo_network("digits"), IMAGES, COLOUR, INTEGERS, FLAT]
)
def test_the_documented_reader_agrees_with_the_golden_model(network, tmp_path):
    *_, reader = re.findall(r"```python\n(.*?)```", IR.read_text(), re.DOTALL)
    image = random_images(network, 1)
    save(network, tmp_path / "model")
    np.save(tmp_path / "image.npy", image[0])
    command = [sys.executable, "-c", reader, str(tmp_path / "model"), str(tmp_path / "image.npy")]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output.strip() == f"{predict(network, image)[0]} {forward(network, image)[0].tolist()}"
