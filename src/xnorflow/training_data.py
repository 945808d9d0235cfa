"""What a network is trained on: a data set by name, or images of one's own that the network then follows."""

from collections.abc import Callable

from .model.data.datasets import DATASETS, Dataset, load
from .model.data.expected import background
from .model.zoo import Definition
from .own import Own
from .tested import TESTED, digest_images

__all__ = ["training_data"]


def training_data(
    definition: Definition,
    *,
    dataset: str | None,
    own: Own | None,
    size: tuple[int, int] | None,
    on_progress: Callable[[str, int, int], None],
) -> tuple[Definition, Dataset, dict[str, str]]:
    """The definition to train, the data, and what of the latter is to be told in the network's file.

    Raises
    ------
    DataError, ValueError
        When there is no data, it cannot be used, or the network cannot take it.
    """
    if own is not None:
        definition, data, white = own.training(
            definition, size=size, on_picture=lambda done, count: on_progress("read pictures", done, count)
        )
        told = {
            TESTED: digest_images(data.test_images, data.test_labels),
            "background": background(data.train_images, white),
        }
        return definition, data, told | ({"white": str(white)} if white != 255 else {})
    name = dataset or definition.dataset
    if not name:
        raise ValueError(
            f"{definition.name} has no data set of its own; name one of {', '.join(DATASETS)} with --dataset"
        )
    return definition, load(name, on_download=lambda file: on_progress(f"download {file}", 0, 1)), {}
