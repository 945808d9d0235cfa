"""The reader in docs/ir.md reads what this project writes, and computes the same."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.networks import random_images, random_network
from xnorflow.model.golden import forward, predict
from xnorflow.model.store import save
from xnorflow.model.zoo import random_network as zoo_network

IR = Path(__file__).parents[2] / "docs" / "ir.md"


@pytest.mark.parametrize("network", [random_network((9, 5, 3), extreme=True), zoo_network("digits")])
def test_the_documented_reader_agrees_with_the_golden_model(network, tmp_path):
    (reader,) = re.findall(r"```python\n(.*?)```", IR.read_text(), re.DOTALL)
    image = random_images(network, 1)
    save(network, tmp_path / "model")
    np.save(tmp_path / "image.npy", image[0])
    command = [sys.executable, "-c", reader, str(tmp_path / "model"), str(tmp_path / "image.npy")]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output.strip() == f"{predict(network, image)[0]} {forward(network, image)[0].tolist()}"
