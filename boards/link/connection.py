"""The host's end of the link: a board at a serial port."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple, Self

import serial

from .protocol import REPLY, REQUEST, Decoder, Hello, Kind, Load, Message, Statistics, encode_message
from .rate import RATES

__all__ = ["TIMEOUT_S", "Connection", "LinkError", "OnProgress", "open_connection"]

TIMEOUT_S = 0.5
"""Seconds without a reply after which a request is taken to be lost: more than a USB bridge and its driver wait."""

LOAD_S = 2.0
"""Seconds in which a board has loaded its weights, or will not: four SPRAMs take 60 ms at 36 MHz."""

ATTEMPTS = 8
"""How often a request is sent before the link is given up."""

WINDOW = 64
"""Requests on their way at most, where the board keeps up with the wire: enough for what USB bridges hold back."""

TAGS = 256

OnProgress = Callable[[int, int], None]
"""Called with how many replies came, and how many there will be."""


class LinkError(RuntimeError):
    """A board that does not answer, or not as it should; the message says what to do."""


class _Pending(NamedTuple):
    """A request that waits for its reply: which one it is, and how often it was sent."""

    place: int
    attempts: int


class Connection:
    """A board at a serial port, after it has said hello; a context manager that closes the port.

    Parameters
    ----------
    port : :class:`serial.Serial`
        The open port.
    timeout : :class:`float`
        Seconds to wait for a reply.

    Attributes
    ----------
    hello : :class:`Hello`
        What the board says of itself.
    retries : :class:`int`
        Requests that were sent again.

    Raises
    ------
    LinkError
        When the board does not answer, or by another protocol.
    """

    def __init__(self, port: serial.Serial, *, timeout: float = TIMEOUT_S) -> None:
        self.port = port
        self.timeout = timeout
        self.retries = 0
        self._tag = 0
        self._decoder = Decoder()
        self._heard = False
        # A flag ends what another program may have begun to send.
        self._write(b"\x7e\x7e")
        time.sleep(0.02)
        port.reset_input_buffer()
        self.hello = self._greet()
        self._await_weights()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the port."""
        self.port.close()

    def echo(self) -> float:
        """Seconds that the shortest request takes there and back."""
        began = time.monotonic()
        self._ask(Kind.ECHO)
        return time.monotonic() - began

    def statistics(self) -> Statistics:
        """What the board has counted so far."""
        return Statistics.parse(self._ask(Kind.STATISTICS))

    def infer(
        self, frames: Sequence[bytes], *, scores: bool = False, on_progress: OnProgress = lambda _done, _all: None
    ) -> list[bytes]:
        """The core's answer to each frame, which is as ``Accelerator.encode`` makes it.

        Raises
        ------
        ValueError
            When a frame is not of the board's size, or the board has no scores.
        LinkError
            When the board does not answer.
        """
        if scores and not self.hello.score_bytes:
            raise ValueError("the board was built without scores; build it with --scores, or ask for classes only")
        for frame in frames:
            if len(frame) != self.hello.frame_bytes:
                raise ValueError(f"a frame must be of {self.hello.frame_bytes} bytes, not {len(frame)}")
        return self._exchange(Kind.SCORES if scores else Kind.CLASS, frames, on_progress)

    def _ask(self, kind: Kind) -> bytes:
        return self._exchange(kind, [b""], lambda _done, _all: None, window=1)[0]

    def _greet(self) -> Hello:
        try:
            return Hello.parse(self._ask(Kind.HELLO))
        except LinkError:
            reason = "answers by another protocol" if self._heard else "does not answer"
            raise LinkError(
                f"{self.port.name}: the board {reason} at {self.port.baudrate} baud; "
                "check the port, and load the board again with xnorflow flash"
            ) from None
        except ValueError as error:
            raise LinkError(f"{self.port.name}: {error}; load the board again with this xnorflow") from None

    def _await_weights(self) -> None:
        """Wait until the board has loaded its weights, where it loads any."""
        began = time.monotonic()
        while self.hello.load not in (None, Load.LOADED):
            if time.monotonic() - began > LOAD_S:
                wrong = self.hello.load is Load.WRONG
                raise LinkError(
                    f"{self.port.name}: the weights in the board's flash "
                    f"{'are not those of its network' if wrong else f'are not loaded after {LOAD_S:g} s'}; "
                    "write them again with xnorflow flash"
                )
            time.sleep(LOAD_S / 100)
            self.hello = self._greet()

    def _window(self, kind: Kind) -> int:
        """Requests that may be on their way: many only where replies cannot pile up on the board."""
        reply = 1 + (self.hello.classes > TAGS) + (kind is Kind.SCORES) * self.hello.classes * self.hello.score_bytes
        return WINDOW if reply <= self.hello.frame_bytes else self.hello.in_flight

    def _exchange(
        self, kind: Kind, bodies: Sequence[bytes], on_progress: OnProgress, *, window: int | None = None
    ) -> list[bytes]:
        """The body of the reply to each request, many of which are on their way at once."""
        window = self._window(kind) if window is None else window
        replies: dict[int, bytes] = {}
        pending: dict[int, _Pending] = {}
        waiting = [_Pending(place, 0) for place in reversed(range(len(bodies)))]
        heard = time.monotonic()
        while len(replies) < len(bodies):
            batch = b""
            while waiting and len(pending) < window:
                request = waiting.pop()
                tag = self._free_tag(pending)
                pending[tag] = request._replace(attempts=request.attempts + 1)
                batch += encode_message(Message(REQUEST + kind, tag, bodies[request.place]))
            if batch:
                self._write(batch)
                # What the wire takes is no silence.
                heard = max(heard, time.monotonic()) + 10 * len(batch) / self.port.baudrate
            for message in self._messages():
                heard = max(heard, time.monotonic())
                self._settle(kind, message, pending, waiting, replies)
            if time.monotonic() - heard > self.timeout:
                self._again(list(pending), pending, waiting)
                heard = time.monotonic()
            on_progress(len(replies), len(bodies))
        return [replies[place] for place in range(len(bodies))]

    def _free_tag(self, pending: dict[int, _Pending]) -> int:
        """A tag that was not used for long, so that no late reply is taken for another's."""
        while self._tag in pending:
            self._tag = (self._tag + 1) % TAGS
        tag, self._tag = self._tag, (self._tag + 1) % TAGS
        return tag

    def _settle(
        self,
        kind: Kind,
        message: Message,
        pending: dict[int, _Pending],
        waiting: list[_Pending],
        replies: dict[int, bytes],
    ) -> None:
        """Take a reply; those that nobody waits for are left out."""
        if message.tag not in pending:
            return
        if message.type == REPLY + kind:
            # Replies come in the order of requests: those that were passed over are lost.
            sent = list(pending)
            self._again(sent[: sent.index(message.tag)], pending, waiting)
            replies[pending.pop(message.tag).place] = message.body
        elif message.type == REPLY + Kind.DAMAGED:
            self._again([message.tag], pending, waiting)
        elif message.type == REPLY + Kind.REFUSED:
            raise LinkError(f"{self.port.name}: the board refuses the request; load it again with this xnorflow")

    def _again(self, tags: list[int], pending: dict[int, _Pending], waiting: list[_Pending]) -> None:
        """Send these requests again."""
        for tag in tags:
            request = pending.pop(tag)
            if request.attempts == ATTEMPTS:
                raise LinkError(f"{self.port.name}: the board gave no answer to {ATTEMPTS} requests; check the cable")
            self.retries += 1
            waiting.append(request)

    def _messages(self) -> Iterator[Message]:
        with self._unplugged():
            data = self.port.read(max(1, self.port.in_waiting))
        self._heard |= bool(data)
        return self._decoder.feed(data)

    def _write(self, data: bytes) -> None:
        with self._unplugged():
            self.port.write(data)

    @contextmanager
    def _unplugged(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LinkError(f"{self.port.name}: the port is gone ({error}); plug the board in again") from None


def open_connection(port: str, *, baud: int | None = None, timeout: float = TIMEOUT_S) -> Connection:
    """Open a port and greet the board there; without a rate, all that boards are built with are tried.

    Raises
    ------
    LinkError
        When the port cannot be opened, or no board answers there as it should.
    """
    rates = RATES if baud is None else (baud,)
    for rate in rates:
        opened = _open(port, rate)
        try:
            return Connection(opened, timeout=timeout)
        except LinkError:
            opened.close()
            if rate == rates[-1]:
                raise
    raise AssertionError


def _open(port: str, baud: int) -> serial.Serial:
    try:
        # Reading gives up soon, so that requests can expire meanwhile.
        return serial.Serial(port, baud, timeout=0.01, write_timeout=10, exclusive=True)
    except (OSError, ValueError) as error:
        text = str(error)
        if "Errno 2]" in text or "FileNotFoundError" in text:
            reason = "no such port; `python -m serial.tools.list_ports` lists those that there are"
        elif "lock" in text or "busy" in text or "Errno 16]" in text or "PermissionError" in text:
            reason = "the port is busy; close the other program that uses it"
        elif "Errno 13]" in text:
            reason = "you may not use the port; join the group that owns it"
        else:
            reason = f"not a serial port ({' '.join(text.split())})"
        raise LinkError(f"{port}: {reason}") from None
