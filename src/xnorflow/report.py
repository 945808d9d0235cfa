"""Tables of what was estimated, built and verified."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rich.table import Table

from .boards.board import Board
from .boards.flash_reader import flash_cycles
from .boards.link.rate import link_baud, link_fps
from .boards.top import board_cells
from .build_record import BuildRecord, Target
from .console import table
from .design import describe_layers
from .hw.accelerator import Accelerator
from .hw.estimate import Estimate, estimate, roofline_fps
from .model.ir import Network
from .models import RANDOM
from .savings import savings
from .sim.verify import Report

__all__ = ["build_table", "estimate_json", "estimate_tables", "images_text", "savings_json", "verification_text"]


def estimate_json(accelerator: Accelerator, board: Board) -> dict[str, Any]:
    """An estimate as data."""
    network, design = accelerator.network, estimate(accelerator)
    fps = board.clock_mhz * 1e6 / design.interval
    roofline = roofline_fps(network, board.device, board.clock_mhz, spram=accelerator.loads)
    rows = zip(describe_layers(accelerator), design.layers, strict=True)
    link = board_cells(accelerator, board)
    return {
        "network": network.name,
        "board": board.name,
        "device": board.device.name,
        "clock_mhz": board.clock_mhz,
        "interval": design.interval,
        "fps": round(fps, 1),
        **_link_json(accelerator, board),
        "roofline_fps": round(roofline, 1),
        "roofline_share": round(fps / roofline, 4),
        "cells": design.cells + link,
        "link_cells": link,
        "bram": design.brams,
        "available": {"cells": board.device.lut4, "bram": board.device.brams},
        **_loading_json(accelerator, board, design),
        "layers": [{**row, "cells": layer.cells, "bram": layer.brams} for row, layer in rows],
        "savings": savings_json(network),
    }


def _loading_json(accelerator: Accelerator, board: Board, design: Estimate) -> dict[str, Any]:
    """SPRAMs, and how long they take to be loaded; nothing where there are none."""
    if not accelerator.loads:
        return {}
    cycles = flash_cycles(accelerator, board.clock_mhz)
    return {
        "spram": design.sprams,
        "available": {"cells": board.device.lut4, "bram": board.device.brams, "spram": board.sprams},
        "load_cycles": cycles,
        "load_ms": round(cycles / board.clock_mhz / 1e3, 2),
    }


def images_text(count: int, dataset: str) -> str:
    """How many images of what: ``100 images of digits``, ``1,000 random images``."""
    noun = "image" if count == 1 else "images"
    return f"{count:,} random {noun}" if dataset == RANDOM else f"{count:,} {noun} of {dataset}"


def verification_text(report: Report, dataset: str) -> str:
    """What a verification found, in a line."""
    images = images_text(report.images, dataset)
    text = f"{report.level} on {report.simulator}: {images}, {report.mismatches} mismatches"
    if report.interval_measured is None:
        return text
    return (
        f"{text}, interval {report.interval_measured} cycles, {report.interval_expected} by the formula, "
        f"latency {report.latency_measured}"
    )


def _link_json(accelerator: Accelerator, board: Board) -> dict[str, Any]:
    """What the board's link carries; None where the core is too slow for any rate."""
    try:
        return {
            "link_baud": link_baud(accelerator, board),
            "link_fps": round(link_fps(accelerator, board), 1),
        }
    except ValueError:
        return {"link_baud": None, "link_fps": None}


def savings_json(network: Network) -> dict[str, Any]:
    """What binarization saves, as data."""
    saved = savings(network)
    return {
        "weight_bytes": saved.weight_bytes,
        "int8_bytes": saved.int8_bytes,
        "float32_bytes": saved.float32_bytes,
        "multiplications_replaced": saved.operations,
        "arithmetic_nj": round(saved.binary_nj, 3),
        "arithmetic_int8_nj": round(saved.int8_nj, 3),
        "arithmetic_float32_nj": round(saved.float32_nj, 3),
    }


def estimate_tables(data: dict[str, Any]) -> list[Table]:
    """An estimate for people."""
    layers = table(
        f"{data['network']} on {data['board']} ({data['device']}), estimated",
        ("layer", "size", "pe x simd", "interval", "cells", "block RAM", "memories"),
        (
            (
                layer["name"],
                f"{layer['mw']} x {layer['mh']}" if "mw" in layer else "",
                f"{layer['pe']} x {layer['simd']}" if "pe" in layer else "",
                layer["interval"],
                layer["cells"],
                layer["bram"],
                ", ".join(f"{field}: {place}" for field, place in layer["memory"].items()),
            )
            for layer in data["layers"]
        ),
    )
    available = data["available"]
    summary = table(
        "in all",
        ("", "estimate"),
        (
            ("interval", f"{data['interval']} cycles"),
            *_rates(data, data["clock_mhz"]),
            ("share of memory roofline", f"{data['roofline_share']:.1%} of {data['roofline_fps']:,.0f}"),
            ("logic cells", f"{data['cells']:,} of {available['cells']:,}, {data['link_cells']:,} of them the link's"),
            ("block RAMs", f"{data['bram']} of {available['bram']}"),
            *_loading_rows(data),
            *_savings_rows(data["savings"]),
        ),
    )
    return [layers, summary]


def _loading_rows(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is in SPRAM, and what that takes at the start."""
    if "spram" not in data:
        return []
    return [
        *_spram_rows(data["spram"], data["available"]["spram"], data["layers"]),
        ("weights loaded from flash in", f"{data['load_cycles']:,} cycles, {data['load_ms']:g} ms"),
    ]


def _spram_rows(used: int, available: int, layers: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """How many are in use, and what limits: the slowest layer, by the bits of weights that it gets a cycle."""
    slowest = max(layers, key=lambda layer: layer["interval"])
    text = slowest["name"]
    if "pe" in slowest:
        text += f": {slowest['pe'] * slowest['simd']} weights a cycle, from {slowest['memory']['weights']}"
    return [("SPRAMs", f"{used} of {available}"), ("slowest layer", text)]


def build_table(data: BuildRecord, saved: dict[str, Any]) -> Table:
    """What ``build.json`` says, for people."""
    rows: list[tuple[str, str]] = []
    accuracy, cycles, target = data["accuracy"], data["cycles"], data["target"]
    assert target is not None
    if accuracy:
        rows += [
            (f"accuracy, {name}", f"{count / accuracy['images']:.2%} ({count} of {accuracy['images']})")
            for name, count in (("torch", accuracy["torch"]), ("golden", accuracy["golden"]), ("RTL", accuracy["rtl"]))
            if count is not None
        ]
    rows += [
        (
            f"{entry['level']} on {entry['simulator']}",
            f"{images_text(entry['images'], entry['dataset'])}, {entry['mismatches']} mismatches",
        )
        for entry in data["verify"]
    ]
    resources, timing, throughput = data["resources"], data["timing"], data["throughput"]
    available = resources["available"]
    rows += [
        ("weight bits", f"{data['network']['weight_bits']:,}"),
        ("interval", f"{cycles['interval_measured']} cycles measured, {cycles['interval_expected']} by the formula"),
        ("latency", f"{cycles['latency_measured']} cycles"),
        ("logic cells", f"{resources['lut4']:,} of {available['lut4']:,}"),
        ("block RAMs", f"{resources['bram']} of {available['bram']}"),
        *_start_rows(data),
        ("clock", f"{timing['fmax_mhz']:.1f} MHz reached, {target['clock_mhz']:g} MHz set"),
        *_rates(throughput, target["clock_mhz"]),
        (
            "share of memory roofline",
            f"{throughput['roofline_share']:.1%} of {throughput['roofline_fps']:,.0f} frames per second",
        ),
        *_savings_rows(saved),
    ]
    return table(f"{data['network']['name']} on {target['board']}", ("", ""), rows)


def _start_rows(data: BuildRecord) -> list[tuple[str, str]]:
    """What is in SPRAM, and how long a board loads it, where it does."""
    resources = data["resources"]
    if "spram" not in resources:
        return []
    load, clock_mhz = data["cycles"]["load_expected"], cast(Target, data["target"])["clock_mhz"]
    return [
        *_spram_rows(resources["spram"], resources["available"]["spram"], data["network"]["layers"]),
        ("weights loaded from flash in", f"{load:,} cycles by the formula, {load / clock_mhz / 1e3:.2f} ms"),
    ]


def _rates(rates: Mapping[str, Any], clock_mhz: float) -> list[tuple[str, str]]:
    """Two rates: the slower one is what a host sees."""
    link = (
        f"{rates['link_fps']:,.0f} at {rates['link_baud']:,} baud"
        if rates["link_fps"]
        else "none: the core is too slow for any rate of the link; give another folding"
    )
    return [
        ("frames per second, core", f"{rates['fps']:,.0f} at {clock_mhz:g} MHz"),
        ("frames per second, link", link),
    ]


def _savings_rows(saved: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            "weight memory",
            f"{saved['weight_bytes']:,} bytes; int8 {saved['int8_bytes']:,}, float32 {saved['float32_bytes']:,}",
        ),
        ("multiplications now XNOR", f"{saved['multiplications_replaced']:,} an image"),
        (
            "energy of arithmetic alone",
            f"{saved['arithmetic_nj']:.3g} nJ an image; int8 {saved['arithmetic_int8_nj']:.3g}, "
            f"float32 {saved['arithmetic_float32_nj']:.3g} (estimate: Horowitz, ISSCC 2014, 45 nm)",
        ),
    ]
