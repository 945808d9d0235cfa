"""The command ``xnorflow predict``."""

import click

from .arguments import ModelName, OneOf
from .console import note, progress, say, say_json
from .model.datasets import DATASETS
from .model.zoo import ZOO
from .models import RANDOM, is_untrained, load_test_images
from .pictures import read_images
from .prediction import open_predicted
from .prediction import predict as run_prediction

__all__ = ["predict"]


@click.command()
@click.argument("model", metavar="MODEL|DIR", type=ModelName(ZOO))
@click.argument("names", metavar="[IMAGE]...", nargs=-1)
@click.option("--port", metavar="TTY", help="Serial port of a board that holds the network; else the golden model.")
@click.option("--baud", type=click.IntRange(min=1), help="Rate of the link, where it must not be found out.")
@click.option(
    "--dataset",
    type=OneOf("dataset", (*DATASETS, RANDOM)),
    help="Test images to use; without it those the network was trained on.",
)
@click.option("--images", type=click.IntRange(min=1), help="How many test images to use; without it all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
def predict(
    model: str,
    names: tuple[str, ...],
    port: str | None,
    baud: int | None,
    dataset: str | None,
    images: int | None,
    as_json: bool,
) -> None:
    """Classify images, on the board or with the golden model.

    IMAGE is a picture, a .npy file of uint8, or the number of a test image. Without any, the whole test set is
    classified, and its accuracy and the frames per second are told.
    """
    if names and images is not None:
        raise click.UsageError("IMAGE and --images exclude each other; name images, or say how many test images")
    network, built = open_predicted(model)
    if names:
        source, truth = "", None
        labels, pixels = read_images(network, names, dataset=dataset)
    else:
        source, pixels, truth = load_test_images(network, dataset=dataset, count=images)
        labels = [str(number) for number in range(len(pixels))]
    with progress() as report:
        found = run_prediction(network, pixels, port=port, baud=baud or built, on_progress=report)
    if as_json:
        say_json(found.data(labels, truth), indent=None)
        return
    if is_untrained(network):
        note(f"{network.name}: {network.provenance['weights']}; the classes mean nothing")
    say(*found.lines(network.name, source, labels, truth))
