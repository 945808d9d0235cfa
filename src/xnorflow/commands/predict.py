"""The command ``xnorflow predict``."""

from pathlib import Path

import click

from ..console import complain, note, progress, say, say_json
from ..model.data.datasets import DATASETS
from ..model.ir import Network
from ..model.zoo import ZOO
from ..models import RANDOM, is_untrained, load_test_images
from ..named_images import NamedImages, read_images
from ..own import Own, reading_for
from ..prediction import Truth, open_predicted
from ..prediction import predict as run_prediction
from .arguments import ModelName, OneOf
from .own_options import DATA, FIT, INVERT, PART, choose_own

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
@DATA
@PART
@FIT
@INVERT
@click.option("--images", type=click.IntRange(min=1), help="How many test images to use; without it all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
def predict(
    model: str,
    names: tuple[str, ...],
    port: str | None,
    baud: int | None,
    dataset: str | None,
    data: Path | None,
    part: str | None,
    fit: bool,
    invert: bool,
    images: int | None,
    as_json: bool,
) -> None:
    """Classify images, on the board or with the golden model.

    IMAGE is a picture, a .npy file of uint8 or a .npz file with an array images, one image of such a file, as in
    'many.npy[3]', or the number of a test image; the best three classes of each are told. Without any, the whole test
    set is classified, and its accuracy and the frames per second are told.
    """
    if names and images is not None:
        raise click.UsageError("IMAGE and --images exclude each other; name images, or say how many test images")
    network, built = open_predicted(model)
    if names:
        _check_named(names, data, part, changed=fit or invert)
        named = read_images(network, names, dataset=dataset, reading=reading_for(network, fit=fit, invert=invert))
        source = ""
    else:
        own = choose_own(data, dataset, part, fit=fit, invert=invert)
        source, named = _test_set(network, dataset, own, images)
    with progress() as report:
        found = run_prediction(
            network, named.images, port=port, baud=baud or built, scores=not source, on_progress=report
        )
    for hint in named.hints:
        complain(hint)
    truth = Truth(network, named.names, named.labels)
    if as_json:
        say_json(found.data(truth), indent=None)
        return
    if is_untrained(network):
        note(f"{network.name}: {network.provenance['weights']}; the classes mean nothing")
    say(*found.lines(truth, source))


def _check_named(names: tuple[str, ...], data: Path | None, part: str | None, *, changed: bool) -> None:
    """Refuse options that images which are named would ignore."""
    if data is not None:
        raise click.UsageError("IMAGE and --data exclude each other; give one of them")
    if part is not None:
        raise click.UsageError("--part is for images of your own; name them with --data")
    if changed and all(name.isdecimal() for name in names):
        raise click.UsageError("--fit and --invert are for pictures; images of the test set are taken as they are")


def _test_set(network: Network, dataset: str | None, own: Own | None, count: int | None) -> tuple[str, NamedImages]:
    """Name and images of a whole test set."""
    if own is not None:
        found = own.images(network, count)
        return found.name, NamedImages(list(found.keys), found.images, found.labels.tolist(), [])
    source, images, labels = load_test_images(network, dataset=dataset, count=count)
    keys = [str(number) for number in range(len(images))]
    return source, NamedImages(keys, images, [None] * len(images) if labels is None else labels.tolist(), [])
