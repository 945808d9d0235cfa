"""The curve of a training run as a picture."""

import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..paths import StrPath
from ..store import write_atomically
from .run import Epoch

__all__ = ["plot_history"]


def plot_history(history: Sequence[Epoch], path: StrPath, *, title: str = "") -> None:
    """Write a PNG file with loss and accuracy over the epochs, for training and, where held out, validation images.

    Raises
    ------
    ValueError
        When the history is empty or the path does not end in ``.png``.
    OSError
        When the file cannot be written.
    """
    path = Path(path)
    if not history:
        raise ValueError("history must have one epoch or more, not none")
    if path.suffix != ".png":
        raise ValueError(f"curve must be a .png file, not {path}")
    # A Figure of its own needs no window system and leaves no state in pyplot.
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    epochs = [epoch.number for epoch in history]
    for axes, name, learnt, held in (
        (loss, "loss (cross entropy)", [e.loss for e in history], [e.validation_loss for e in history]),
        (
            accuracy,
            "accuracy (%)",
            [100 * e.accuracy for e in history],
            [None if e.validation_accuracy is None else 100 * e.validation_accuracy for e in history],
        ),
    ):
        axes.plot(epochs, learnt, label="training", marker="." if len(epochs) == 1 else "")
        if None not in held:
            axes.plot(epochs, held, label="validation", marker="." if len(epochs) == 1 else "")
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    # A name may have a dollar in it, which is no formula.
    figure.suptitle(title, parse_math=False)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=120)
    write_atomically(path, data.getvalue())
