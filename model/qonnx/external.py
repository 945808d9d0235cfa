"""Arrays that a file keeps in a second one beside it, as PyTorch's exporter does by default."""

import math
from pathlib import Path

from onnx import TensorProto, helper

from ..exact.node import ImportRefused

__all__ = ["Beside"]

LARGEST_OFFSET = 1 << 62
"""Bytes, far more than a file has, that still are a place in one."""


class Beside:
    """The files in the folder of a model, of which only so many bytes are read in all.

    Parameters
    ----------
    folder : :class:`~pathlib.Path`
        Folder of the model's file; nothing outside is opened.
    limit : :class:`int`
        Bytes that all arrays together may have.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self.left = limit

    def load(self, owner: str, tensor: TensorProto) -> None:
        """Put the bytes of a tensor into it; ImportRefused when they are not where they may be."""
        entries = {entry.key: entry.value for entry in tensor.external_data}
        path = self._path(owner, entries.get("location", ""))
        try:
            offset = int(entries.get("offset") or 0)
            wanted = math.prod(tensor.dims) * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
            length = int(entries.get("length") or wanted)
        except (ValueError, KeyError, TypeError):
            raise ImportRefused(f"{owner}: not a whole tensor; export the file again") from None
        if offset < 0:
            raise ImportRefused(f"{owner}: must begin at byte 0 of {path.name!r} or later, not at {offset}")
        if length != wanted:
            raise ImportRefused(
                f"{owner}: must have {wanted} bytes in {path.name!r}, not {length}; export the file again"
            )
        if wanted > self.left:
            raise ImportRefused(f"the arrays beside the file must have at most {self.limit >> 20} MiB")
        self.left -= wanted
        cut = ImportRefused(f"{owner}: {path.name!r} is cut off; export or download both files again")
        if offset > LARGEST_OFFSET:
            raise cut
        try:
            with path.open("rb") as file:
                file.seek(offset)
                data = file.read(wanted)
        except OSError as error:
            reason = error.strerror or "cannot be read"
            raise ImportRefused(f"{owner}: its file {path.name!r}: {reason}; keep it beside the model's file") from None
        if len(data) < wanted:
            raise cut
        tensor.raw_data = data
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]

    def _path(self, owner: str, location: str) -> Path:
        """The file, which must be in the folder of the model, also where links lead."""
        path = Path(location)
        refused = ImportRefused(f"{owner}: its file must be in the folder of the model, not {location!r}")
        if not location or path.is_absolute() or ".." in path.parts or "\\" in location or "\0" in location:
            raise refused
        try:
            real = (self.folder / path).resolve()
            inside = real.is_relative_to(self.folder.resolve())
            # Not a pipe or a device, which could block or never end.
            strange = real.exists() and not real.is_file()
        except (OSError, RuntimeError, ValueError):
            raise refused from None
        if not inside or strange:
            raise refused
        return real
