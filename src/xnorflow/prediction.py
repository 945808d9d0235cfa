"""What ``xnorflow predict`` does: images through the golden model, or through the board."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .boards.link.rate import link_baud
from .build_file import BUILD_FILE
from .design import open_design
from .model import golden
from .model.ir import Network
from .model.zoo import ZOO
from .models import open_model

__all__ = ["Prediction", "open_predicted", "predict"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Prediction:
    """Classes of images, and how they came about.

    Parameters
    ----------
    classes : array of ``int64``
        Class of each image.
    seconds : :class:`float`
        What they took.
    retries : :class:`int`
        Requests to the board that were sent again.
    port : :class:`str` or None
        Where the board was; None for the golden model.
    """

    classes: NDArray[np.int64]
    seconds: float
    retries: int = 0
    port: str | None = None

    def data(self, names: list[str], labels: NDArray[np.int64] | None) -> dict[str, Any]:
        """All of it for a program to read."""
        return {
            "port": self.port,
            "classes": dict(zip(names, self.classes.tolist(), strict=True)),
            "correct": None if labels is None else int((self.classes == labels).sum()),
            "seconds": round(self.seconds, 3),
            "retries": self.retries,
        }

    def lines(self, network: str, dataset: str, names: list[str], labels: NDArray[np.int64] | None) -> list[str]:
        """For people: the class of each image, or of a data set the accuracy."""
        if not dataset:
            return [f"{name}: {number}" for name, number in zip(names, self.classes, strict=True)]
        count = len(self.classes)
        accuracy = ""
        if labels is not None:
            correct = int((self.classes == labels).sum())
            accuracy = f"{correct / count:.2%} ({correct} of {count} images), "
        where = f"the board at {self.port}" if self.port else "the golden model"
        again = f", {self.retries} sent again" if self.port else ""
        return [f"{network} on {dataset}, {where}: {accuracy}{count / self.seconds:,.0f} frames per second{again}"]


def open_predicted(model: str) -> tuple[Network, int | None]:
    """The network of a model or of a build folder, and the rate of the latter's link.

    Raises
    ------
    ValueError
        When it is neither.
    """
    folder = Path(model)
    # A folder that merely has the name of a network does not hide that.
    if not folder.is_dir() or (model in ZOO and not (folder / BUILD_FILE).exists()):
        return open_model(model), None
    design, _ = open_design(folder)
    if design.board is None:
        return design.network, None
    return design.network, link_baud(design.accelerator(), design.board)


def predict(
    network: Network, images: NDArray[np.uint8], *, port: str | None, baud: int | None, on_progress: Progress
) -> Prediction:
    """Class of each image from the board at a port, or without one from the golden model.

    Raises
    ------
    LinkError
        When the board does not answer as it should, or holds another network.
    """
    if port is None:
        began = time.monotonic()
        return Prediction(golden.predict(network, images), time.monotonic() - began)
    # pyserial is in an extra, which the golden model does without.
    from .remote import connect

    on_progress(f"greet the board at {port}", 0, 1)
    with connect(port, network, baud=baud) as board:
        began = time.monotonic()
        classes = board.predict(images, on_progress=lambda done, total: on_progress(f"images to {port}", done, total))
        return Prediction(classes, time.monotonic() - began, board.retries, port)
