"""A network on a board at a serial port."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .boards.link.connection import TIMEOUT_S, Connection, LinkError, OnProgress, open_connection
from .boards.link.protocol import Hello, Statistics
from .hw.answer import AnswerFormat
from .hw.frames import frame_format
from .model.golden import check_images, quantize
from .model.ir import Network
from .model.store import fingerprint, load

__all__ = ["RemoteNetwork", "connect"]


class RemoteNetwork:
    """A network that a board computes; a context manager that closes the port.

    Parameters
    ----------
    connection : :class:`Connection`
        The board.
    network : :class:`Network`
        What it is expected to hold.

    Attributes
    ----------
    hello : :class:`Hello`
        What the board says of itself: its clock, its interval, the sizes of frames.

    Raises
    ------
    LinkError
        When the board holds another network.
    """

    def __init__(self, connection: Connection, network: Network) -> None:
        self.connection = connection
        self.network = network
        self.hello: Hello = connection.hello
        expected, found = fingerprint(network)[: len(self.hello.network)], self.hello.network
        if expected != found:
            raise LinkError(
                f"{connection.port.name}: the board holds another network ({found.hex()}) than {network.name} "
                f"({expected.hex()}); load that with xnorflow flash, or name the one that is there"
            )
        self._frame = frame_format(network, interval=self.hello.interval, input_bytes=self.hello.beat_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the port."""
        self.connection.close()

    @property
    def retries(self) -> int:
        """Requests that were sent again, because they or their replies were lost or damaged."""
        return self.connection.retries

    def echo(self) -> float:
        """Seconds that the shortest request takes there and back."""
        return self.connection.echo()

    def statistics(self) -> Statistics:
        """What the board has counted since it was configured."""
        return self.connection.statistics()

    def predict(
        self, images: NDArray[np.uint8], *, on_progress: OnProgress = lambda _done, _all: None
    ) -> NDArray[np.int64]:
        """Class of each image; images and errors as for :func:`xnorflow.model.golden.predict`."""
        return self._infer(images, scores=False, on_progress=on_progress)[0]

    def scores(
        self, images: NDArray[np.uint8], *, on_progress: OnProgress = lambda _done, _all: None
    ) -> NDArray[np.int64]:
        """Scores of each image, of shape ``(count, classes)``, from a board that was built with them."""
        scores = self._infer(images, scores=True, on_progress=on_progress)[1]
        assert scores is not None
        return scores

    def _infer(
        self, images: NDArray[np.uint8], *, scores: bool, on_progress: OnProgress
    ) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        check_images(self.network, images)
        data, size = self._frame.encode(quantize(self.network.input, images)), self.hello.frame_bytes
        frames = [data[start : start + size] for start in range(0, len(data), size)]
        answers = self.connection.infer(frames, scores=scores, on_progress=on_progress)
        return AnswerFormat(self.hello.classes, 8 * self.hello.score_bytes, scores).decode(b"".join(answers))


def connect(
    port: str, network: Network | Path | str, *, baud: int | None = None, timeout: float = TIMEOUT_S
) -> RemoteNetwork:
    """The network that a board at this port computes.

    Parameters
    ----------
    port : :class:`str`
        The port, such as ``/dev/ttyUSB1``.
    network : :class:`Network` or path
        What the board is expected to hold, or its model file.
    baud : :class:`int` or None
        Rate of the link; without it all that boards are built with are tried.
    timeout : :class:`float`
        Seconds of silence after which requests are sent again.

    Raises
    ------
    ModelError
        When the model file cannot be used.
    LinkError
        When the port cannot be opened, no board answers there as it should, or it holds another network.
    """
    expected = network if isinstance(network, Network) else load(Path(network))
    connection = open_connection(port, baud=baud, timeout=timeout)
    try:
        return RemoteNetwork(connection, expected)
    except LinkError:
        connection.close()
        raise
