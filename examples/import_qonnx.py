"""A network that Brevitas or FINN wrote, compiled: imported exactly, measured on MNIST, written as Verilog.

python examples/import_qonnx.py TFC_1W1A.onnx [FOLDER]
"""

import sys
from pathlib import Path

from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.device import DEVICES
from xnorflow.hw.search import smallest
from xnorflow.hw.verilog import write_core
from xnorflow.model import golden
from xnorflow.model.data.datasets import load
from xnorflow.model.qonnx.reader import import_qonnx
from xnorflow.model.store import save


def main(file: Path, folder: Path) -> int:
    """Go the whole way; give the number of MNIST's test images that the network gets right."""
    data = load("mnist")
    network = import_qonnx(file, dataset=data.name)
    folder.mkdir(parents=True, exist_ok=True)
    save(network, folder / "model.safetensors")
    correct = int((golden.predict(network, data.test_images) == data.test_labels).sum())

    device = DEVICES["UP5K"]
    foldings = smallest(network, Budget(device), interval=1000)
    accelerator = Accelerator(network, foldings, family=device.family, brams=device.brams)
    verilog, *memories = write_core(accelerator, folder)
    print(
        f"{network.name}: {network.weight_bits} weights, {correct} of {len(data.test_labels)} test images, "
        f"a frame every {accelerator.interval} cycles in {verilog} and {len(memories)} files of memories"
    )
    return correct


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: import_qonnx.py FILE [FOLDER]")
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "out/imported"))
