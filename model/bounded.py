"""Files of strangers, read within bounds: what unpacks to more than it may, or nests without end, is refused."""

import json
import zlib
from pathlib import Path
from typing import Any

__all__ = ["LARGEST_JSON", "check_size", "gunzip", "inflate", "parse_json"]

LARGEST_JSON = 1 << 20
"""Characters of JSON: descriptions and foldings take a few thousand."""

_GZIP = b"\x1f\x8b"
_GZIP_HEADER = 16 + zlib.MAX_WBITS
"""What zlib is told to expect a header and a check sum as gzip has them."""


def check_size(path: Path, most: int) -> None:
    """ValueError when a file has more than ``most`` bytes; the message lacks only its name."""
    size = path.stat().st_size
    if size > most:
        raise ValueError(f"must have at most {most} bytes, not {size}")


def inflate(data: bytes | memoryview, *, largest: int, what: str) -> bytes:
    """Contents of a zlib stream; what follows it is left out.

    Raises
    ------
    ValueError
        When they are more than ``largest`` bytes, of which no more are made, or not whole; the message begins with
        ``what`` holds the stream.
    """
    contents, _ = _inflate(data, largest, zlib.MAX_WBITS, what)
    return contents


def gunzip(data: bytes, *, largest: int) -> bytes:
    """Contents of a gzip file; errors as of :func:`inflate`, with a message that lacks only the file's name."""
    if data[:2] != _GZIP:
        raise ValueError(f"must be a gzip file, not {len(data)} bytes that begin {data[:4]!r}")
    contents, rest = _inflate(data, largest, _GZIP_HEADER, "gzip file")
    # Zeros may fill up a file. A second stream would be allowed, too, but no data set has one.
    if rest.strip(b"\0"):
        raise ValueError(f"damaged gzip file ({len(rest)} bytes behind its end)")
    return contents


def _inflate(data: bytes | memoryview, largest: int, header: int, what: str) -> tuple[bytes, bytes]:
    """Contents of a compressed stream, and what follows it."""
    stream = zlib.decompressobj(header)
    try:
        # One byte more than may be tells that there is more.
        contents = stream.decompress(data, largest + 1)
    except zlib.error as error:
        raise ValueError(f"damaged {what} ({error})") from None
    if len(contents) > largest:
        raise ValueError(f"{what} must hold at most {largest} bytes, not more")
    if not stream.eof:
        raise ValueError(f"{what} cut off after {len(data)} bytes")
    return contents, stream.unused_data


def parse_json(text: str) -> Any:
    """What a JSON text says.

    Raises
    ------
    ValueError
        When it is too long, nested too deeply, or no JSON; the message lacks only where it came from.
    """
    if len(text) > LARGEST_JSON:
        raise ValueError(f"JSON must have at most {LARGEST_JSON} characters, not {len(text)}")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("not JSON, or nested too deeply") from None
    except ValueError as error:
        # Not only JSONDecodeError: Python refuses integers of thousands of digits, too.
        raise ValueError(f"not JSON ({error})") from None
