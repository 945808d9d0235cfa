"""Small torch networks with hard parameters, what they compute layer by layer, and their export from a file."""

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

from xnorflow.model.store import load, save
from xnorflow.model.training.export import export
from xnorflow.model.training.layers import Affine, BatchNorm, BinaryLinear, Scores, Sign, Thermometer

__all__ = ["everything", "exported", "network", "set_batch_norm", "torch_trace"]


def exported(module, *, name="test", **description):
    """What a file holds of an exported module: all that hardware is made from comes out of files."""
    # Not tmp_path, which hypothesis would share among its examples.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save(export(module, name=name, **description), path)
        return load(path)


def network(*sizes, norm=BatchNorm, seed=0):
    """Thermometer for single-bit pixels, hidden layers with random batch norms, scores with random biases."""
    torch.manual_seed(seed)
    modules = [Thermometer(shape=(sizes[0],), levels=(1,))]
    *hidden, (mw, classes) = pairwise(sizes)
    for width, height in hidden:
        modules += [BinaryLinear(mw=width, mh=height), norm(height), Sign()]
        parameters = {name: torch.randn(height).numpy() for name in ("gamma", "beta", "mean")}
        set_batch_norm(modules[-2], **parameters, var=torch.rand(height).numpy())
    head = Scores(mw=mw, classes=classes)
    head.bias.data = 2 * torch.randn(classes)
    return nn.Sequential(*modules, head).eval()


def set_batch_norm(norm, *, gamma, beta, mean, var, eps=1e-5):
    """Give a batch norm these parameters, arrays of ``float32``."""
    norm.eps = eps
    norm.weight.data, norm.bias.data = torch.tensor(gamma), torch.tensor(beta)
    norm.running_mean, norm.running_var = torch.tensor(mean), torch.tensor(var)


def everything(count):
    """Every image of ``count`` pixels, each 0 or 1."""
    return (np.arange(1 << count)[:, np.newaxis] >> np.arange(count) & 1).astype(np.uint8)


@torch.no_grad()
def torch_trace(module, images):
    """The quantized images, then the output of each layer of a module in eval mode, in the golden model's order."""
    values, steps = torch.tensor(images), []
    for layer in module:
        values = layer(values)
        ordered = (values.permute(0, 2, 3, 1) if values.ndim == 4 else values).numpy()
        if isinstance(layer, Thermometer | Sign | nn.MaxPool2d):
            steps.append((ordered > 0).astype(np.int64))
            assert (abs(ordered) == 1).all()
        elif isinstance(layer, Affine | Scores):
            steps.append(ordered)
    return steps
