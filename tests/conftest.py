"""What all tests share: they stay on this machine, have small real data sets that come with them, and call commands."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.offline import stay_on_this_machine
from tests.samples import sample
from tests.samples.layout import lay_out
from xnorflow.cli import main
from xnorflow.model import packed
from xnorflow.model.data.datasets import SOURCES, Dataset, load

pytest_plugins = ("tests.left_out",)

# A shell makes commands in its background ignore interrupts; what tests start and interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

stay_on_this_machine()


def _split(name: str) -> Dataset:
    """A sample as a data set: four of five images to train on, the others for the test."""
    images, labels = sample(name)
    count = len(labels) * 4 // 5
    return Dataset(name, images[:count], labels[:count], images[count:], labels[count:], SOURCES[name].classes)


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """800 and 200 of MNIST's test images; tests marked ``data("mnist")`` may have it whole, as ``whole_mnist``."""
    return _split("mnist")


@pytest.fixture(scope="session")
def whole_mnist() -> Dataset:
    """All of MNIST."""
    return load("mnist")


@pytest.fixture(scope="session")
def whole_cifar() -> Dataset:
    """All of CIFAR-10."""
    return load("cifar-10")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Exit status, standard output and standard error of a command."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["xnorflow", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return stop.value.code, out, err

    return run


@pytest.fixture
def sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command finds the samples where the whole data sets would be."""
    lay_out(tmp_path / "samples", monkeypatch)


@pytest.fixture(params=["numpy", pytest.param("numba", marks=pytest.mark.packages("numba"))])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either way to products of bits, for all that a test does; numba's for the smallest layers, too."""
    monkeypatch.setenv(packed.KERNELS, "1" if request.param == "numba" else "0")
    monkeypatch.setattr(packed, "ENOUGH", 0)
    return str(request.param)
