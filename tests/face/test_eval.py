"""``xnorflow eval`` says where it would be faster."""

import pytest

from tests.networks import random_network
from xnorflow.model import packed
from xnorflow.model.ir import Network, Thermometer
from xnorflow.model.store import save

NOTE = "golden model: by NumPy alone; pip install 'xnorflow[fast]' makes it several times as fast\n"


@pytest.mark.parametrize(("large", "installed", "said"), [(True, False, NOTE), (True, True, ""), (False, False, "")])
def test_it_says_where_numba_is_missed(large, installed, said, command, monkeypatch, tmp_path):
    network = random_network((64, 4, 10))
    save(Network("n", Thermometer((8, 8), (8,)), network.layers, "digits"), tmp_path / "model")
    monkeypatch.setattr(packed, "LARGE", 360 * network.multiplications + (0 if large else 1))
    monkeypatch.setattr(packed, "is_installed", lambda: installed)
    monkeypatch.setenv(packed.KERNELS, "0")
    status, out, err = command("eval", tmp_path / "model")
    assert (status, err) == (0, said)
    assert out.startswith("n on digits: ")
