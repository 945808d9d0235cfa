"""What ``build.json`` holds, as types; ``build.schema.json`` says the same to everybody else, with ranges.

Keys come one after the other while a build goes on, so that none is there from the start; what must be there at the end
is the schema's to say, which every file is held against when it is written and when it is read.
"""

from typing import NotRequired, TypedDict

__all__ = [
    "Accuracy",
    "BuildRecord",
    "LayerRecord",
    "NetworkRecord",
    "Resources",
    "Target",
    "Throughput",
    "Timing",
    "Verification",
]


class LayerRecord(TypedDict):
    """A layer: its kind, size and folding, its cycles for a frame, and where each of its memories is."""

    name: str
    kind: str
    mw: NotRequired[int]
    mh: NotRequired[int]
    pe: NotRequired[int]
    simd: NotRequired[int]
    interval: int
    memory: dict[str, str]


class NetworkRecord(TypedDict):
    """The network."""

    name: str
    dataset: str
    weight_bits: int
    provenance: dict[str, str]
    layers: list[LayerRecord]


class Target(TypedDict):
    """The board, and the highest rate of its link in bits per second."""

    board: str
    device: str
    family: str
    package: str
    clock_mhz: float
    baud: int


class Verification(TypedDict):
    """What one verification found."""

    level: str
    simulator: str
    dataset: str
    images: int
    mismatches: int
    stalls: bool
    seconds: float


class Accuracy(TypedDict):
    """Correct answers; those of torch where training recorded them for the same images."""

    dataset: str
    images: int
    torch: int | None
    golden: int
    rtl: int


class Resources(TypedDict):
    """Cells that place and route counted, and how many the device has."""

    lut4: int
    ff: int
    bram: int
    dsp: int
    spram: NotRequired[int]
    available: dict[str, int]


class Timing(TypedDict):
    """Clock reached, whether it is the one that is set, and the seed."""

    fmax_mhz: float
    met: bool
    seed: int


class Throughput(TypedDict):
    """Frames per second: the core's, what memory allows, and the link's."""

    fps: float
    roofline_fps: float
    roofline_share: float
    link_baud: int
    link_fps: float


class BuildRecord(TypedDict, total=False):
    """All of it."""

    schema: int
    xnorflow: str
    network: NetworkRecord
    scores: bool
    reweightable: bool
    target: Target | None
    cycles: dict[str, int]
    interface: dict[str, int]
    accuracy: Accuracy | None
    verify: list[Verification]
    resources: Resources
    timing: Timing
    throughput: Throughput
    files: dict[str, str]
    hashes: dict[str, str]
    design_hash: str
    seconds: dict[str, float]
