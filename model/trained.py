"""The trained networks that ship with the package: what each is, how it was made, and how good it is.

Beside each model file are its training curve (CSV and PNG) and the settings of the run (JSON).
"""

from dataclasses import dataclass
from pathlib import Path

from .ir import Network
from .store import load
from .zoo import ZOO

__all__ = ["FOLDER", "Accuracy", "accuracy", "is_trained", "load_trained"]

FOLDER = Path(__file__).parent / "weights"
"""Where they lie."""


@dataclass(frozen=True)
class Accuracy:
    """Right answers on a whole test set, by torch and the golden model alike.

    Parameters
    ----------
    correct, images : :class:`int`
        Right answers, and how many there could be.
    """

    correct: int
    images: int

    @property
    def share(self) -> float:
        """Share of right answers."""
        return self.correct / self.images


def is_trained(name: str) -> bool:
    """Whether the zoo's network of that name ships with trained weights."""
    return name in ZOO and _path(name).is_file()


def load_trained(name: str) -> Network:
    """A network as it ships.

    Raises
    ------
    ValueError
        When none of that name does.
    """
    if not is_trained(name):
        raise ValueError(f"name must be one of {', '.join(filter(is_trained, ZOO))}, not {name!r}")
    return load(_path(name))


def accuracy(network: Network) -> Accuracy | None:
    """What was measured when a network was made; None where nobody did."""
    try:
        return Accuracy(int(network.provenance["test_correct"]), int(network.provenance["test_images"]))
    except KeyError:
        return None


def _path(name: str) -> Path:
    return FOLDER / f"{name}.safetensors"
