"""How many images the golden model does in a second, next to onnxruntime and torch on the same network in floats.

python -m bench.golden [--only tfc] [--write]
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from bench.floats import float_images, onnx_model, torch_model
from bench.tables import table, write_table
from xnorflow.model import golden
from xnorflow.model.packed import KERNELS
from xnorflow.model.trained import load_trained
from xnorflow.model.witness import random_images

PAGE = Path(__file__).parents[1] / "docs" / "results.md"

SIZES = {"tfc": (20_000, 1000), "lfc": (2000, 500), "cnv": (200, 10)}
"""Images of each network, and how many at once onnxruntime and torch get: of 100 to 4,000, and of 1 to 50, what suits
onnxruntime best.
"""

THREADS = (1, 2)
REPEATS = 7
ENGINES = ("golden", "golden, NumPy alone", "onnxruntime", "torch")
COLUMNS = ("network", "threads", "measured in", *ENGINES)


def main() -> int:
    """Measure, print, and with ``--write`` keep; exit with 1 when the golden model is slower than onnxruntime."""
    parser = argparse.ArgumentParser(prog="python -m bench.golden", description=__doc__)
    parser.add_argument("--only", default="", help="measure only networks whose name begins so")
    parser.add_argument("--write", action="store_true", help="write the table into docs/results.md")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return 0
    rows: list[list[str]] = [list(COLUMNS), ["---"] * len(COLUMNS)]
    slower = False
    for name in filter(lambda name: name.startswith(options.only), SIZES):
        for threads in THREADS:
            rates = measured(name, threads)
            for clock in ("processor time", "time"):
                found = rates[clock]
                rows.append([name, f"{threads}", clock, *(f"{found[engine]:,.0f}" for engine in ENGINES)])
                slower |= found["golden"] < found["onnxruntime"]
    text = table(rows)
    print(text)
    if options.write:
        write_table(PAGE, text, "golden")
    return int(slower)


def measured(name: str, threads: int) -> dict[str, dict[str, float]]:
    """Images per second of a network, by clock and engine, in a process whose libraries all have so many threads."""
    environment = {**os.environ, "OMP_NUM_THREADS": f"{threads}"}
    command = [sys.executable, "-m", "bench.golden", "--measure", name]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    rates: dict[str, dict[str, float]] = json.loads(output)
    return rates


def measure(name: str) -> dict[str, dict[str, float]]:
    """As :func:`measured`, in this process; its engines take turns, and the best of each counts."""
    network, (count, batch) = load_trained(name), SIZES[name]
    images = random_images(network.input.shape, count, seed=1)
    engines = _engines(network, images, batch)
    seconds: dict[str, dict[str, float]] = {"processor time": {}, "time": {}}
    scores = engines["golden"]()
    for engine, run in engines.items():
        # The first run may compile, and is not measured.
        if not np.array_equal(run().reshape(scores.shape), scores):
            raise RuntimeError(f"{name}: {engine} must give the scores of the golden model")
    for _ in range(REPEATS):
        for engine, run in engines.items():
            processor, wall = time.process_time(), time.perf_counter()
            run()
            taken = {"processor time": time.process_time() - processor, "time": time.perf_counter() - wall}
            for clock, value in taken.items():
                seconds[clock][engine] = min(value, seconds[clock].get(engine, value))
    return {clock: {engine: count / value for engine, value in taken.items()} for clock, taken in seconds.items()}


def _engines(network: Any, images: NDArray[np.uint8], batch: int) -> dict[str, Callable[[], NDArray[Any]]]:
    """What gives all scores: the golden model from pixels, the others from floats that were made before."""
    floats = float_images(network, images)
    batches = [floats[start : start + batch] for start in range(0, len(floats), batch)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    session = onnxruntime.InferenceSession(onnx_model(network), options, providers=["CPUExecutionProvider"])
    module = torch_model(network)
    tensors = [torch.from_numpy(part) for part in batches]

    def in_golden(kernels: str) -> NDArray[Any]:
        os.environ[KERNELS] = kernels
        return golden.forward(network, images)

    def in_torch() -> NDArray[Any]:
        with torch.inference_mode():
            return np.concatenate([module(part).numpy() for part in tensors])

    return {
        "golden": lambda: in_golden("1"),
        "golden, NumPy alone": lambda: in_golden("0"),
        "onnxruntime": lambda: np.concatenate([session.run(None, {"images": part})[0] for part in batches]),
        "torch": in_torch,
    }


if __name__ == "__main__":
    raise SystemExit(main())
