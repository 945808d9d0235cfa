"""The link's protocol as software: both ends take its numbers from here; ``docs/link.md`` specifies it."""

import enum
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

__all__ = ["ESCAPE", "FLAG", "FLIP", "HEAD_BYTES", "TAIL_BYTES", "VERSION", "Decoder", "Hello", "Kind", "Load"]
__all__ += ["REPLY", "REQUEST", "Message", "Statistics", "encode_message"]

VERSION = 1
"""Version of the protocol."""

FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20
"""Begin and end of a message; mark before a byte that would look like one of both; what is inverted in that byte."""

HEAD_BYTES, TAIL_BYTES = 2, 4
"""Type and tag before the body, and the check sum behind it."""

REQUEST, REPLY = 0x40, 0xC0
"""Upper five bits of a message's type; the lower three are its :class:`Kind`."""

LONGEST = 1 << 16
"""Bytes of a reply; the host gives up a longer one, which can only be noise."""


class Kind(enum.IntEnum):
    """What a message asks or answers."""

    HELLO = 0
    CLASS = 1
    SCORES = 2
    ECHO = 3
    STATISTICS = 4
    DAMAGED = 5
    """Reply only: the request did not arrive whole; send it again."""
    REFUSED = 6
    """Reply only: the request arrived whole, but the board knows none of this type and size."""


class Load(enum.IntEnum):
    """What became of weights that a board loads by itself."""

    LOADED = 0
    LOADING = 1
    WRONG = 2
    """They were read, and were not those of its network; it reads them again and again."""


class Message(NamedTuple):
    """A message without its framing.

    Parameters
    ----------
    type : :class:`int`
        :data:`REQUEST` or :data:`REPLY`, plus the kind.
    tag : :class:`int`
        What the request was marked with, 0 to 255.
    body : :class:`bytes`
        The rest.
    """

    type: int
    tag: int
    body: bytes = b""


def encode_message(message: Message) -> bytes:
    """A message as it is on the line: flag, type, tag, body, check sum, flag."""
    content = bytes((message.type, message.tag)) + message.body
    content += zlib.crc32(content).to_bytes(TAIL_BYTES, "little")
    # The escape first, or those of the flags would be escaped too.
    for byte in (ESCAPE, FLAG):
        content = content.replace(bytes((byte,)), bytes((ESCAPE, byte ^ FLIP)))
    return bytes((FLAG,)) + content + bytes((FLAG,))


class Decoder:
    """The messages in a stream of bytes; all that is no whole message is counted and left out.

    Attributes
    ----------
    damaged : :class:`int`
        Pieces between flags that were no message.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that these bytes complete."""
        *pieces, self._rest = (self._rest + data).split(bytes((FLAG,)))
        if len(self._rest) > LONGEST:
            self._rest = b""
            self.damaged += 1
        for piece in pieces:
            message = _decode(piece)
            if message:
                yield message
            elif piece:
                self.damaged += 1


def _decode(piece: bytes) -> Message | None:
    head, *escaped = piece.split(bytes((ESCAPE,)))
    if not all(escaped):
        return None
    content = head + b"".join(bytes((part[0] ^ FLIP,)) + part[1:] for part in escaped)
    if len(content) < HEAD_BYTES + TAIL_BYTES:
        return None
    content, check = content[:-TAIL_BYTES], content[-TAIL_BYTES:]
    if zlib.crc32(content) != int.from_bytes(check, "little"):
        return None
    return Message(content[0], content[1], content[HEAD_BYTES:])


@dataclass(frozen=True)
class Hello:
    """What a board says of itself.

    Parameters
    ----------
    version : :class:`int`
        Version of the protocol.
    in_flight : :class:`int`
        Requests that the board can hold whose replies have not left yet.
    beat_bytes, frame_bytes : :class:`int`
        Bytes of a beat of the core's input, and of a whole frame.
    classes : :class:`int`
        Classes.
    score_bytes : :class:`int`
        Bytes of a score, or 0 where the board was built without scores.
    clock_hz : :class:`int`
        The core's clock.
    interval : :class:`int`
        Clock cycles a frame of the core.
    network : :class:`bytes`
        First eight bytes of the network's hash.
    load : :class:`Load` or None
        What became of its weights; None where it has none to load.
    """

    version: int
    in_flight: int
    beat_bytes: int
    frame_bytes: int
    classes: int
    score_bytes: int
    clock_hz: int
    interval: int
    network: bytes
    load: Load | None = None

    FORMAT = "<BBHIHBII8s"

    def pack(self) -> bytes:
        """The body of the reply."""
        fields = (self.version, self.in_flight, self.beat_bytes, self.frame_bytes, self.classes, self.score_bytes)
        body = struct.pack(self.FORMAT, *fields, self.clock_hz, self.interval, self.network)
        return body if self.load is None else body + bytes((self.load,))

    @classmethod
    def parse(cls, body: bytes) -> "Hello":
        """The inverse of :meth:`pack`.

        Raises
        ------
        ValueError
            When the body is another version's.
        """
        size = struct.calcsize(cls.FORMAT)
        if len(body) not in (size, size + 1) or body[0] != VERSION:
            raise ValueError(f"the protocol's version must be {VERSION}, not {body[0] if body else 'nothing'}")
        hello = cls(*struct.unpack(cls.FORMAT, body[:size]))
        return replace(hello, load=Load(body[size])) if len(body) > size else hello


@dataclass(frozen=True)
class Statistics:
    """What a board has counted since it was configured; each count goes round.

    Parameters
    ----------
    frames : :class:`int`
        Messages that arrived whole, up to 16 bits.
    crc_errors : :class:`int`
        Messages with a wrong check sum, up to 8 bits.
    resynchronizations : :class:`int`
        Messages that the UART damaged, or that broke off after an escape, up to 8 bits.
    interval : :class:`int`
        Clock cycles between the last two answers of the core; 0xFFFFFF for that many or more.
    """

    frames: int
    crc_errors: int
    resynchronizations: int
    interval: int

    BYTES = 7

    @classmethod
    def parse(cls, body: bytes) -> "Statistics":
        """The statistics in the body of a reply."""
        frames, crc_errors, resynchronizations = struct.unpack("<HBB", body[:4])
        return cls(frames, crc_errors, resynchronizations, int.from_bytes(body[4:], "little"))
