"""What ``xnorflow predict`` does: images through the golden model, or through the board."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .boards.link.rate import link_baud
from .build_file import BUILD_FILE
from .design import open_design
from .model import golden
from .model.data.expected import class_names
from .model.ir import Network
from .model.progress import Progress
from .model.zoo import ZOO
from .models import open_model

__all__ = ["Prediction", "Truth", "accuracy_text", "open_predicted", "predict"]


BEST = 3
"""Classes that are told of an image."""


@dataclass(frozen=True)
class Truth:
    """What is known of the images that were classified.

    Parameters
    ----------
    network : :class:`Network`
        By which, with the names of its classes.
    names : list of :class:`str`
        Name of each image.
    labels : list of :class:`int` or None
        Class of each; None where nobody knows.
    """

    network: Network
    names: list[str]
    labels: list[int | None]

    def class_name(self, number: int) -> str:
        """Name of a class; its number where it has none."""
        names = class_names(self.network)
        return names[number] if names else str(number)


@dataclass(frozen=True)
class Prediction:
    """Classes of images, and how they came about.

    Parameters
    ----------
    classes : array of ``int64`` of shape ``(count,)``
        Class of each image.
    seconds : :class:`float`
        What they took.
    retries : :class:`int`
        Requests to the board that were sent again.
    port : :class:`str` or None
        Where the board was; None for the golden model.
    scores : array of ``int64`` of shape ``(count, classes)``, or None
        Scores of each image; None where the board gives none, or nobody asked.
    """

    classes: NDArray[np.int64]
    seconds: float
    retries: int = 0
    port: str | None = None
    scores: NDArray[np.int64] | None = None

    def data(self, truth: Truth) -> dict[str, Any]:
        """All of it for a program to read."""
        known = self._known(truth)
        rows = zip(truth.names, self.classes.tolist(), truth.labels, strict=True)
        images = [
            {
                "image": name,
                "class": number,
                "name": truth.class_name(number),
                "label": label,
                "best": self._best(n, truth),
            }
            for n, (name, number, label) in enumerate(rows)
        ]
        return {
            "port": self.port,
            "classes": dict(zip(truth.names, self.classes.tolist(), strict=True)),
            "correct": None if not known else sum(known),
            "images": images,
            "seconds": round(self.seconds, 3),
            "retries": self.retries,
        }

    def lines(self, truth: Truth, dataset: str) -> list[str]:
        """For people: the class of each image, or of a data set the accuracy."""
        known, count = self._known(truth), len(self.classes)
        accuracy = accuracy_text(sum(known), len(known)) if known else ""
        if not dataset:
            lines = [self._line(n, truth) for n in range(count)]
            return [*lines, *([f"accuracy: {accuracy}"] if len(known) > 1 else [])]
        where = f"the board at {self.port}" if self.port else "the golden model"
        again = f", {self.retries} sent again" if self.port else ""
        told = f"{accuracy}, " if accuracy else ""
        return [
            f"{truth.network.name} on {dataset}, {where}: {told}{count / self.seconds:,.0f} frames per second{again}"
        ]

    def _known(self, truth: Truth) -> list[bool]:
        """Whether the answer is right, for each image whose class is known."""
        pairs = zip(self.classes.tolist(), truth.labels, strict=True)
        return [number == label for number, label in pairs if label is not None]

    def _line(self, index: int, truth: Truth) -> str:
        """An image's class, what came next, and by how much it was behind."""
        number, label = int(self.classes[index]), truth.labels[index]
        text = f"{truth.names[index]}: {truth.class_name(number)}"
        if behind := [f"{best['name']} ({best['behind']} behind)" for best in (self._best(index, truth) or [])[1:]]:
            text += f", then {', '.join(behind)}"
        if label is None:
            return text
        return f"{text}; right" if label == number else f"{text}; wrong, it is {truth.class_name(label)}"

    def _best(self, index: int, truth: Truth) -> list[dict[str, Any]] | None:
        """The best classes of an image, and how far each is behind the first; None where there are no scores."""
        if self.scores is None:
            return None
        scores = self.scores[index]
        order = np.argsort(-scores, kind="stable")[:BEST].tolist()
        high = int(scores.max())
        return [
            {"class": n, "name": truth.class_name(n), "score": int(scores[n]), "behind": high - int(scores[n])}
            for n in order
        ]


def accuracy_text(correct: int, count: int) -> str:
    """A share of right answers."""
    return f"{correct / count:.2%} ({correct} of {count} images)"


def open_predicted(model: str) -> tuple[Network, int | None]:
    """The network of a model or of a build folder, and the rate of the latter's link.

    Raises
    ------
    ValueError
        When it is neither.
    """
    folder = Path(model)
    # A folder that merely has the name of a network does not hide that; no name at all is not this folder.
    if not model or not folder.is_dir() or (model in ZOO and not (folder / BUILD_FILE).exists()):
        return open_model(model), None
    design, _ = open_design(folder)
    if design.board is None:
        return design.network, None
    return design.network, link_baud(design.accelerator(), design.board)


def predict(
    network: Network,
    images: NDArray[np.uint8],
    *,
    port: str | None,
    baud: int | None,
    scores: bool = False,
    on_progress: Progress,
) -> Prediction:
    """Class of each image from the board at a port, or without one from the golden model; with scores where asked.

    A board that was built without scores gives none.

    Raises
    ------
    LinkError
        When the board does not answer as it should, or holds another network.
    """
    if port is None:
        began = time.monotonic()
        found = golden.forward(network, images)
        return Prediction(golden.classify(found), time.monotonic() - began, scores=found if scores else None)
    # pyserial is in an extra, which the golden model does without.
    from .remote import connect

    on_progress(f"greet the board at {port}", 0, 1)
    with connect(port, network, baud=baud) as board:

        def told(done: int, total: int) -> None:
            on_progress(f"images to {port}", done, total)

        began = time.monotonic()
        if scores and board.hello.score_bytes:
            found = board.scores(images, on_progress=told)
            return Prediction(golden.classify(found), time.monotonic() - began, board.retries, port, found)
        classes = board.predict(images, on_progress=told)
        return Prediction(classes, time.monotonic() - began, board.retries, port)
