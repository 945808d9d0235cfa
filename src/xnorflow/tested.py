"""Which images the accuracy in a model file is of."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from .model.ir import Network

__all__ = ["TESTED", "digest_images", "is_tested_on"]

TESTED = "test_sha256"
"""Entry of a network's provenance: the digest of the images of one's own that it was tested on after its training."""


def digest_images(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> str:
    """SHA-256 of images and their classes, in hexadecimal."""
    digest = hashlib.sha256(images.tobytes())
    digest.update(labels.tobytes())
    return digest.hexdigest()


def is_tested_on(network: Network, images: NDArray[np.uint8], labels: NDArray[np.int64], dataset: str) -> bool:
    """Whether torch's count of right answers in a model file is of these images."""
    if TESTED in network.provenance:
        return network.provenance[TESTED] == digest_images(images, labels)
    return network.provenance.get("test_images") == str(len(images)) and network.dataset == dataset
