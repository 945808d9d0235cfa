"""The command ``xnorflow eval``."""

import click

from ..console import note, say, say_json
from ..model import golden, packed
from ..model.zoo import ZOO
from ..models import load_test_images
from ..own import Own
from ..prediction import accuracy_text, open_predicted
from .arguments import ModelName
from .options import DATASET, IMAGES, JSON, warn_untrained
from .own_options import own_images

__all__ = ["evaluate"]


@click.command(name="eval")
@click.argument("model", metavar="MODEL|DIR", type=ModelName(ZOO))
@DATASET
@own_images
@IMAGES
@JSON
def evaluate(model: str, dataset: str | None, own: Own | None, images: int | None, as_json: bool) -> None:
    """Measure the accuracy of the golden model, of a network or of a build."""
    network, _ = open_predicted(model)
    name, pixels, labels = load_test_images(network, dataset=dataset, own=own, count=images)
    if labels is None:
        raise ValueError(f"dataset must have labels, which {name} has not; name another with --dataset, or --data")
    if packed.is_large(network, len(pixels)) and not packed.is_installed():
        note("golden model: by NumPy alone; pip install 'xnorflow[fast]' makes it several times as fast")
    correct = int((golden.predict(network, pixels) == labels).sum())
    if as_json:
        say_json({"network": network.name, "dataset": name, "images": len(labels), "correct": correct}, indent=None)
        return
    warn_untrained(network)
    say(f"{network.name} on {name}: {accuracy_text(correct, len(labels))}")
