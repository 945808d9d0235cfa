"""Modules that people write by hand, through PyTorch's own exporter: class for class as torch says."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx


def where(x):
    return torch.where(x >= 0, 1.0, -1.0)


def detached(x):
    sign = torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))
    return x + (sign - x).detach()


def clamped(x):
    soft = torch.clamp(x, -1, 1)
    return (torch.sign(torch.sign(x) + 0.1) - soft).detach() + soft


def approximated(x):
    """Bi-Real Net's: the gradient is that of parabolas, which cancel out."""
    hard = torch.sign(torch.sign(x) + 0.1)
    far = (x < -1).type(torch.float32)
    left = (-1) * far + (x * x + 2 * x) * (1 - far)
    near = (x < 0).type(torch.float32)
    return hard.detach() - (left * near + x * (1 - near)).detach() + (left * near + x * (1 - near))


def with_tanh(x):
    return where(x).detach() - torch.tanh(x).detach() + torch.tanh(x)


class Activation(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Dense(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, where(self.weight) * self.weight.abs().mean(1, keepdim=True))


class Convolution(nn.Conv2d):
    def forward(self, x):
        x = nn.functional.pad(x, (1, 1, 1, 1), value=-1.0)
        return nn.functional.conv2d(x, torch.sign(torch.sign(self.weight) + 0.1))


def dense(sign):
    head = [nn.Flatten(), Dense(64, 24, bias=False), nn.BatchNorm1d(24), nn.Hardtanh(), Activation(sign)]
    return nn.Sequential(
        *head, Dense(24, 16, bias=False), nn.BatchNorm1d(16), Activation(sign), Dense(16, 5, bias=False)
    )


def convolutional(sign):
    body = [Activation(lambda x: where(x - 0.5)), Convolution(1, 6, 3), nn.BatchNorm2d(6), Activation(sign)]
    body += [nn.MaxPool2d(2), Convolution(6, 8, 3), nn.BatchNorm2d(8), Activation(sign), nn.Flatten()]
    return nn.Sequential(*body, Dense(128, 5, bias=False))


@pytest.mark.parametrize(
    ("opset", "make", "sign"),
    [
        (18, dense, where),
        (18, convolutional, approximated),
        (19, dense, detached),
        (20, convolutional, clamped),
        (20, dense, with_tanh),
    ],
)
def test_what_pytorch_exports_is_imported(tmp_path, opset, make, sign):
    torch.manual_seed(0)
    module = make(sign)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.normal_(0, 2)
            part.running_var.uniform_(0.5, 4)
            part.weight.data.normal_()
    module.eval()
    path = tmp_path / "network.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, 1, 8, 8),), path, dynamo=True, opset_version=opset, verbose=False)
    network = import_qonnx(path)
    assert network.input.shape == (8, 8)
    images = np.random.default_rng(seed=0).integers(0, 256, (50, 8, 8), np.uint8)
    with torch.no_grad():
        expected = module(torch.from_numpy(images[:, np.newaxis] / np.float32(255))).argmax(1)
    assert golden.predict(network, images).tolist() == expected.tolist()
