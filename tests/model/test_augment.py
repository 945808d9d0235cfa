"""Distortions: geometry, limits and seeds."""

import numpy as np
import pytest
import torch

from xnorflow.model.recipe import Distortion
from xnorflow.model.training.augment import distort


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def dot(count, height, width, row, column):
    """Images with a bright pixel."""
    images = torch.zeros(count, height, width, dtype=torch.uint8)
    images[:, row, column] = 240
    return images


def centres(images):
    """Row and column of each image's centre of brightness."""
    weights = images.double() / images.double().sum(dim=(1, 2), keepdim=True)
    rows, columns = (torch.arange(size, dtype=torch.float64) for size in images.shape[1:])
    return (weights.sum(dim=2) @ rows).numpy(), (weights.sum(dim=1) @ columns).numpy()


def test_no_distortion_changes_nothing():
    images = torch.tensor(np.random.default_rng(seed=0).integers(0, 256, (20, 9, 7), np.uint8))
    assert torch.equal(distort(images, Distortion(shift=0), generator=generator()), images)


def test_shift_stays_within_its_limit_and_uses_it():
    rows, columns = centres(distort(dot(500, 9, 13, 4, 6), Distortion(shift=2), generator=generator()))
    for moved in (rows - 4, columns - 6):
        # Grey levels are rounded, which moves a centre by less than a hundredth of a pixel.
        assert 1.9 < abs(moved).max() < 2.01
        assert abs(moved.mean()) < 0.2
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.2


def test_rotation_keeps_the_distance_from_the_middle():
    rows, columns = centres(distort(dot(500, 21, 31, 10, 22), Distortion(shift=0, rotation=30), generator=generator()))
    angles = np.degrees(np.arctan2(rows - 10, columns - 15))
    assert 28 < abs(angles).max() < 31
    assert np.hypot(rows - 10, columns - 15) == pytest.approx(7, abs=0.3)


def test_scale_moves_along_the_ray():
    rows, columns = centres(distort(dot(500, 21, 21, 10, 18), Distortion(shift=0, scale=0.2), generator=generator()))
    assert rows == pytest.approx(10, abs=1e-6)
    assert columns.min() == pytest.approx(10 + 8 / 1.2, abs=0.2)
    assert columns.max() == pytest.approx(10 + 8 / 0.8, abs=0.2)


def test_a_seed_gives_the_same_distortions_and_another_others():
    images = dot(5, 9, 9, 4, 4)
    first, again, other = (distort(images, Distortion(shift=2), generator=generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


def test_the_channels_of_an_image_move_together():
    torch.manual_seed(0)
    images = torch.randint(0, 256, (5, 7, 6, 3), dtype=torch.uint8)
    far = Distortion(shift=2, rotation=20, scale=0.2)
    moved = distort(images, far, generator=torch.Generator().manual_seed(1))
    assert moved.shape == images.shape
    for channel in range(3):
        alone = distort(images[..., channel], far, generator=torch.Generator().manual_seed(1))
        assert torch.equal(moved[..., channel], alone)


def test_a_crop_moves_by_whole_pixels_and_keeps_what_stays():
    images = torch.tensor(np.random.default_rng(seed=0).integers(1, 256, (400, 9, 7, 3), np.uint8))
    cropped = distort(images, Distortion(crop=2), generator=generator())
    found = set()
    for before, after in zip(images, cropped, strict=True):
        (rows, columns, _), big = np.nonzero(after.numpy()), np.zeros((13, 11, 3), np.uint8)
        big[2:11, 2:9] = before
        # Where the image has moved in from the border there is nothing.
        row = 2 - rows.min() if rows.min() else 2 + 8 - rows.max()
        column = 2 - columns.min() if columns.min() else 2 + 6 - columns.max()
        assert np.array_equal(after, big[row : row + 9, column : column + 7])
        found.add((int(row), int(column)))
    assert found == {(row, column) for row in range(5) for column in range(5)}


def test_half_of_the_images_are_mirrored():
    images = torch.tensor(np.random.default_rng(seed=0).integers(0, 256, (400, 5, 4), np.uint8))
    mirrored = distort(images, Distortion(flip=True), generator=generator())
    same, turned = ((mirrored == other).all(dim=(1, 2)) for other in (images, images.flip(2)))
    assert (same | turned).all()
    assert 160 < turned.sum() < 240


def test_elastic_distortion_bends_within_its_limit():
    rows, columns = centres(distort(dot(500, 13, 13, 4, 8), Distortion(elastic=1.5), generator=generator()))
    for moved in (rows - 4, columns - 8):
        assert 1.0 < abs(moved).max() < 2.2
        assert abs(moved.mean()) < 0.2
    # Far parts of an image move on their own.
    images = dot(500, 13, 29, 6, 4)
    images[:, 6, 24] = 240
    bent = distort(images, Distortion(elastic=1.5), generator=generator())
    left, right = centres(bent[:, :, :15])[0], centres(bent[:, :, 15:])[0]
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.3
