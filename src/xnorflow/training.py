"""From a definition in the zoo to a model file: train, lower, and check on every test image that nothing changed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from .model import golden
from .model.curves import plot_history
from .model.datasets import DATASETS, load
from .model.export import export
from .model.ir import Network
from .model.store import save
from .model.train import Epoch, classes, train
from .model.zoo import Definition

__all__ = ["train_to_file"]

Progress = Callable[[str, int, int], None]


def train_to_file(
    definition: Definition,
    path: Path,
    *,
    dataset: str | None,
    epochs: int | None,
    seed: int,
    stochastic: bool,
    on_progress: Progress,
) -> dict[str, str]:
    """Train a network, write it to ``path`` and its curve beside it, and give what there is to tell.

    Raises
    ------
    RuntimeError
        When torch and the golden model disagree on a test image.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    on_progress("read the data set", 0, 1)
    name = dataset or definition.dataset
    if not name:
        raise ValueError(
            f"{definition.name} has no data set of its own; name one of {', '.join(DATASETS)} with --dataset"
        )
    data = load(name, on_download=lambda file: on_progress(f"download {file}", 0, 1))

    def on_epoch(epoch: Epoch) -> None:
        text = f"train {definition.name}: loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.1%}"
        on_progress(text, epoch.number, epoch.epochs)

    trained = train(definition, data, epochs=epochs, seed=seed, stochastic=stochastic, on_epoch=on_epoch)
    by_torch = classes(trained.module, data.test_images)
    correct = int((by_torch == data.test_labels).sum())
    provenance = {**trained.provenance, "test_images": str(len(by_torch)), "test_correct": str(correct)}
    network = export(trained.module, name=definition.name, dataset=data.name, provenance=provenance)
    check_equal(network, data.test_images, by_torch)
    save(network, path)
    curve = path.with_suffix(".png")
    plot_history(trained.history, curve, title=f"{definition.name} on {data.name}, seed {seed}")
    return {
        "accuracy": f"{correct / len(by_torch):.2%} ({correct} of {len(by_torch)} test images, torch = golden on each)",
        "weight bits": f"{network.weight_bits:,}",
        "curve": str(curve),
    }


def check_equal(network: Network, images: np.ndarray, by_torch: np.ndarray) -> None:
    """Raise RuntimeError when the golden model puts an image into another class than torch did."""
    differing = np.flatnonzero(golden.predict(network, images) != by_torch)
    if differing.size:
        raise RuntimeError(
            f"torch and the golden model differ on {differing.size} images, first on image {differing[0]}"
        )
