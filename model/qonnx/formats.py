"""Files of other formats, and how to get from them to one that can be imported."""

import zipfile
from pathlib import Path

from ..exact.node import ImportRefused

__all__ = ["check_format"]

KERAS = (
    "python -m tf2onnx.convert --keras {name} --output network.onnx, or in Python tf2onnx.convert.from_keras(model, "
    'output_path="network.onnx")'
)
TORCH = "load it in Python and write torch.onnx.export(model.eval(), image, 'network.onnx')"
ADVICE = {
    "Keras model": "convert it with " + KERAS,
    "Keras weights or model in HDF5": "convert it with " + KERAS,
    "PyTorch file": TORCH,
    "TorchScript file": TORCH,
    "TensorFlow Lite model": "convert it with python -m tf2onnx.convert --tflite {name} --output network.onnx",
    "NumPy archive": "build the network of its arrays in the training framework, and export that as ONNX",
    "NumPy array": "build the network of its arrays in the training framework, and export that as ONNX",
    "TensorFlow graph": "convert it with python -m tf2onnx.convert --graphdef {name} --output network.onnx",
    "TensorFlow SavedModel": "convert it with python -m tf2onnx.convert --saved-model {name} --output network.onnx",
    "model file of this project": "it needs no import",
    "folder": "name the file in it",
}
SUFFIXES = {
    ".h5": "Keras weights or model in HDF5",
    ".hdf5": "Keras weights or model in HDF5",
    ".keras": "Keras model",
    ".npy": "NumPy array",
    ".npz": "NumPy archive",
    ".pb": "TensorFlow graph",
    ".pt": "PyTorch file",
    ".pth": "PyTorch file",
    ".safetensors": "model file of this project",
    ".tflite": "TensorFlow Lite model",
}


def check_format(path: Path) -> None:
    """Raise ImportRefused for a file or a folder of another format, by what is in it, else by its name."""
    if path.is_dir():
        kind: str | None = "TensorFlow SavedModel" if (path / "saved_model.pb").exists() else "folder"
    else:
        with path.open("rb") as file:
            kind = _of_content(path, file.read(16))
        if kind is None and path.suffix.lower() in SUFFIXES:
            kind = SUFFIXES[path.suffix.lower()]
            if path.name == "saved_model.pb":
                kind, path = "TensorFlow SavedModel", path.parent
    if kind is not None:
        raise ImportRefused(f"must be an ONNX file, not a {kind}; {ADVICE[kind].format(name=path.name or '.')}")


def _of_content(path: Path, head: bytes) -> str | None:
    if head.startswith(b"\x89HDF"):
        return "Keras weights or model in HDF5"
    if head[4:8] == b"TFL3":
        return "TensorFlow Lite model"
    if head.startswith(b"\x93NUMPY"):
        return "NumPy array"
    if head.startswith(b"PK"):
        return _of_archive(path)
    # A pickle of protocol 2 or later, as PyTorch wrote before 1.6. An ONNX file begins with its version, a byte 8.
    return "PyTorch file" if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and len(head) > 1 else None


def _of_archive(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:LARGEST_LISTING]
    # The last is what zipfile says of an archive of a later version than it knows.
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if any(name.endswith("/constants.pkl") for name in names):
        return "TorchScript file"
    if any(name.endswith("data.pkl") for name in names):
        return "PyTorch file"
    if "config.json" in names and any(name.startswith("model.weights") for name in names):
        return "Keras model"
    return "NumPy archive" if names and all(name.endswith(".npy") for name in names) else None


LARGEST_LISTING = 1 << 12
