"""A convolutional network for handwritten digits: trained, exported, verified on every test image, compiled.

python examples/train_cnn.py [FOLDER]
"""

import sys
from dataclasses import replace
from pathlib import Path

from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.device import DEVICES
from xnorflow.hw.search import smallest
from xnorflow.model import golden
from xnorflow.model.data.datasets import load
from xnorflow.model.ir import MaxPool, Thermometer
from xnorflow.model.outlines import Filters, Neurons
from xnorflow.model.recipe import Recipe
from xnorflow.model.store import save
from xnorflow.model.training.export import export
from xnorflow.model.training.train import classes, train
from xnorflow.model.zoo import Definition
from xnorflow.sim.verify import verify

DIGITS_CNN = Definition(
    name="digits-cnn",
    summary="small convolutional network for scikit-learn's digits",
    dataset="digits",
    input=Thermometer((8, 8), (4, 8, 12)),
    layers=(Filters(24, (3, 3), padding=(1, 1)), MaxPool(), Filters(32, (3, 3)), Neurons(48)),
    recipe=Recipe(epochs=80, batch=64, rate=0.01),
)


def main(folder: Path, *, epochs: int | None = None, simulator: str = "verilator") -> float:
    """Go the whole way; give the accuracy on the test images."""
    data = load("digits")
    recipe = replace(DIGITS_CNN.recipe, epochs=epochs or DIGITS_CNN.recipe.epochs)
    trained = train(DIGITS_CNN, data, recipe=recipe, seed=0)
    network = export(trained.module, name=DIGITS_CNN.name, dataset=data.name)
    save(network, folder / "digits-cnn.safetensors")
    assert (golden.predict(network, data.test_images) == classes(trained.module, data.test_images)).all()

    device = DEVICES["UP5K"]
    foldings = smallest(network, Budget(device), interval=2000)
    accelerator = Accelerator(network, foldings, family=device.family, brams=device.brams)
    report = verify(accelerator, data.test_images, simulator=simulator, workdir=folder)
    accuracy = float((report.classes == data.test_labels).mean())
    print(
        f"{network.weight_bits} weights, {accuracy:.2%} of {report.images} test images in the Verilog "
        f"{folder / 'core.v'}, a frame every {report.interval_measured} cycles"
    )
    return accuracy


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out/digits-cnn"))
