"""Files of data sets: found in the folder that ``XNORFLOW_DATA`` names, or downloaded once to the user's cache."""

import hashlib
import http.client
import io
import os
import tarfile
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..bounded import check_size, gunzip
from ..store import write_atomically

__all__ = ["Arrays", "DataError", "Source", "read"]

Arrays = tuple[NDArray[Any], ...]
"""What a file holds: images, their classes, or first the one and then the other."""


class DataError(ValueError):
    """A data set that cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """Which files a data set consists of, where they come from and how each is read.

    Parameters
    ----------
    name : :class:`str`
        Name of the data set.
    folder : :class:`str`
        Folder of the files, in ``XNORFLOW_DATA`` and in the cache.
    train, test : tuple of :class:`str`
        Files of the two parts; their arrays are images, classes, images, classes and so on.
    parse : function
        Gives the arrays in one file; ValueError, with a message that lacks only the file's name, when it is damaged.
    classes : tuple of :class:`str`
        Name of each class.
    mirrors : tuple of :class:`str`
        Addresses that end in a slash, tried in this order.
    md5 : mapping of :class:`str` to :class:`str`
        Checksum of what is downloaded: each file, or the one archive that holds them all.
    originals : :class:`bool`
        Whether files in ``XNORFLOW_DATA`` must have these checksums too.
    largest : :class:`int`
        Bytes that a file, or the archive, may have, unpacked or not: no more are read.
    """

    name: str
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    parse: Callable[[bytes], Arrays]
    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    md5: Mapping[str, str]
    originals: bool = False
    largest: int = 1 << 28


def read(source: Source, file: str, on_download: Callable[[str], None] | None) -> Arrays:
    """The arrays in one file of a data set.

    Raises
    ------
    DataError
        When the file is missing and cannot be downloaded, or is not what it should be.
    """
    path = _locate(source, file, on_download)
    try:
        check_size(path, source.largest)
        data = path.read_bytes()
        if source.originals:
            _check_md5(data, source.md5[file])
        arrays = source.parse(data)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise DataError(f"{path}: {error}; delete the file and get it again") from None
    return arrays


def _locate(source: Source, file: str, on_download: Callable[[str], None] | None) -> Path:
    """Path of one file, which is there afterwards."""
    folder = os.environ.get("XNORFLOW_DATA")
    if folder:
        path = Path(folder, source.folder, file)
        if not path.is_file():
            raise DataError(f"{path}: no such file; put it there, or unset XNORFLOW_DATA to download it")
        return path
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = cache / "xnorflow" / source.folder / file
    if not path.is_file():
        for name, data in _download(source, file, on_download).items():
            write_atomically(path.with_name(name), data)
    return path


def _download(source: Source, file: str, on_download: Callable[[str], None] | None) -> dict[str, bytes]:
    """Contents of the file, and of those that came in the same archive."""
    remote = file if file in source.md5 else next(iter(source.md5))
    problems = []
    for mirror in source.mirrors:
        address = mirror + remote
        if on_download is not None:
            on_download(address)
        try:
            # The addresses are constants of ours, and what comes must have the checksum.
            with urllib.request.urlopen(address, timeout=30) as response:  # noqa: S310
                data = _receive(response, source.largest)
            _check_md5(data, source.md5[remote])
            return {file: data} if remote == file else _unpack(data, source)
        except (OSError, http.client.HTTPException, ValueError) as error:
            problems.append(f"{address}: {error}")
    raise DataError(
        f"{source.name}: cannot download {'; '.join(problems)}; "
        f"connect to the network, or set XNORFLOW_DATA to a folder that has {source.folder}/{file}"
    )


def _receive(response: Any, largest: int) -> bytes:
    """All that a server sends, whatever it says of the length."""
    data: bytes = response.read(largest + 1)
    if len(data) > largest:
        raise ValueError(f"must have at most {largest} bytes, not more")
    missing = int(response.headers.get("Content-Length", len(data))) - len(data)
    if missing > 0:
        raise http.client.IncompleteRead(data, missing)
    return data


def _unpack(data: bytes, source: Source) -> dict[str, bytes]:
    """The data set's own files in a tar archive; the rest of it is not looked at, and nothing is written."""
    contents = {}
    try:
        # What is not compressed any more cannot become larger, but for files with holes.
        with tarfile.open(fileobj=io.BytesIO(gunzip(data, largest=source.largest)), mode="r:") as archive:
            members = {member.name: member for member in archive if member.isfile() and not member.issparse()}
            for file in (*source.train, *source.test):
                member = members.get(f"{source.folder}/{file}")
                content = archive.extractfile(member) if member is not None else None
                if content is None:
                    raise ValueError(f"archive must have the file {source.folder}/{file}")
                contents[file] = content.read()
    # Each header that continues another is read one call deeper.
    except (tarfile.TarError, EOFError, OverflowError, RecursionError) as error:
        raise ValueError(f"damaged archive ({' '.join(str(error).split())})") from None
    return contents


def _check_md5(data: bytes, md5: str) -> None:
    # Not for security: it is the sum that the originals are published with.
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != md5:
        raise ValueError(f"MD5 must be {md5}, not {found}")
