"""Full-precision teachers: what a binarized network can learn from beside the labels."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from ..ir import MaxPool
from ..outlines import Filters, Neurons, Outline, chain
from ..recipe import Teacher
from ..tensors import Tensor
from ..zoo import Definition
from .layers import StreamFlatten, max_pool

__all__ = ["distillation_loss", "teacher_module"]


class Pixels(nn.Module):
    """Raw images to numbers from -1 to 1, of shape ``(count, channels, height, width)``."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        planes = images.unsqueeze(-1) if images.ndim == 3 else images
        return planes.permute(0, 3, 1, 2).float() / 127.5 - 1


def teacher_module(definition: Definition, teacher: Teacher) -> nn.Sequential:
    """A fresh teacher for the images and classes of a definition; it gives logits.

    Raises
    ------
    ValueError
        When its layers do not chain, or the images are vectors.
    """
    shape = definition.input.shape
    if len(shape) < 2:
        raise ValueError(f"a teacher must get images, not vectors of {shape[0]}")
    pixels = Tensor((*shape[:2], *(shape[2:] or (1,))))
    modules: list[nn.Module] = [Pixels()]
    for outline, tensor in chain(teacher.layers, pixels):
        if (outline is None or isinstance(outline, Neurons)) and len(tensor.shape) > 1:
            modules.append(StreamFlatten())
        modules += [nn.Linear(tensor.size, definition.classes)] if outline is None else _modules(outline, tensor)
    return nn.Sequential(*modules)


def _modules(outline: Outline, tensor: Tensor) -> list[nn.Module]:
    """The modules of one layer, for an input of type ``tensor``."""
    if isinstance(outline, MaxPool):
        return [max_pool(outline)]
    if isinstance(outline, Neurons):
        return [nn.Linear(tensor.size, outline.count, bias=False), nn.BatchNorm1d(outline.count), nn.ReLU()]
    if not isinstance(outline, Filters):
        raise ValueError(f"layers of a teacher must be Filters, Neurons or MaxPool, not {type(outline).__name__}")
    convolution = nn.Conv2d(tensor.shape[2], outline.count, outline.kernel, outline.stride, outline.padding, bias=False)
    return [convolution, nn.BatchNorm2d(outline.count), nn.ReLU()]


def distillation_loss(
    logits: torch.Tensor, labels: torch.Tensor, answers: torch.Tensor, teacher: Teacher
) -> torch.Tensor:
    """Cross entropy of the labels and of the teacher's softened answers, weighted (Hinton et al., arXiv 1503.02531).

    The square of the temperature makes up for the gradients that softening shrinks.
    """
    t = teacher.temperature
    soft = kl_div(log_softmax(logits / t, 1), log_softmax(answers / t, 1), log_target=True, reduction="batchmean")
    return (1 - teacher.weight) * cross_entropy(logits, labels) + teacher.weight * t * t * soft
