"""Make the files of this folder: small networks of larq by chance, as tf2onnx writes them, and what Keras says of images.

Needs what the tests do not: ``pip install -r examples/requirements-larq.txt``. ``python tests/samples/larq/make.py [NAMES]``
"""

import os
import sys
from pathlib import Path

# Larq is for the Keras of before 3.0.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import larq
import numpy as np
import tensorflow as tf
import tf2onnx
from larq.layers import QuantConv1D, QuantConv2D, QuantDense, QuantDepthwiseConv2D

LAYERS = tf.keras.layers
HERE = Path(__file__).parent
IMAGES = 40

KERNEL = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip", "use_bias": False}
BITS = {"input_quantizer": "ste_sign", **KERNEL}


def norm(**options):
    return LAYERS.BatchNormalization(momentum=0.8, **options)


def chain(shape, *layers):
    return tf.keras.Sequential([LAYERS.InputLayer(shape), *layers])


def mlp():
    """As larq's documentation builds them: scale=False, and Softmax behind a batch norm."""
    layers = [LAYERS.Flatten(), QuantDense(16, **KERNEL), norm(scale=False), QuantDense(12, **BITS), norm(scale=False)]
    return chain((8, 8, 1), *layers, QuantDense(10, **BITS), norm(scale=False), LAYERS.Activation("softmax"))


def tutorial():
    """The convolutional network of larq's tutorial, smaller."""
    layers = [QuantConv2D(4, 3, **KERNEL), LAYERS.MaxPooling2D(), norm(scale=False)]
    layers += [QuantConv2D(8, 3, **BITS), norm(scale=False), LAYERS.Flatten()]
    layers += [QuantDense(12, **BITS), norm(scale=False), QuantDense(10, **BITS), norm(scale=False)]
    return chain((12, 12, 1), *layers, LAYERS.Activation("softmax"))


def zeros():
    """Padding with zeros, colours, scales of either sign."""
    layers = [QuantConv2D(6, 3, padding="same", **KERNEL), norm(), QuantConv2D(6, 3, padding="same", **BITS)]
    layers += [LAYERS.MaxPooling2D(), norm(), LAYERS.Flatten(), QuantDense(10, **BITS), norm()]
    return chain((8, 8, 3), *layers, LAYERS.Softmax())


def ones():
    """Padding with ones."""
    layers = [QuantConv2D(6, 3, padding="same", **KERNEL), norm(scale=False)]
    layers += [QuantConv2D(6, 3, padding="same", pad_values=1.0, **BITS), LAYERS.MaxPooling2D(), norm(scale=False)]
    layers += [QuantConv2D(6, 3, padding="same", pad_values=1.0, **BITS), norm(scale=False), LAYERS.Flatten()]
    return chain((8, 8, 3), *layers, QuantDense(10, **BITS), norm(scale=False), LAYERS.Softmax())


def biases():
    """Biases, Relu and pixels that the network itself scales."""
    kernel, bits = ({**options, "use_bias": True} for options in (KERNEL, BITS))
    layers = [LAYERS.Rescaling(1 / 127.5, offset=-1.0), QuantConv2D(6, 3, activation="relu", **kernel)]
    layers += [norm(), QuantConv2D(6, 3, strides=2, **bits), norm(), LAYERS.Flatten(), QuantDense(10, **bits), norm()]
    return chain((8, 8, 1), *layers)


def two_bits():
    """Activations of two bits, after DoReFa."""
    bits = {**KERNEL, "input_quantizer": larq.quantizers.DoReFa(2)}
    layers = [LAYERS.Flatten(), QuantDense(16, **KERNEL), norm(), QuantDense(12, **bits), norm()]
    return chain((8, 8, 1), *layers, QuantDense(10, **bits), norm())


def quantizers():
    """Quantizers with other gradients, which are the same signs; bits that mean 0 and 1; kernels with a magnitude."""
    kernel = {"use_bias": False, "kernel_quantizer": "magnitude_aware_sign"}
    layers = [LAYERS.Flatten(), QuantDense(16, kernel_quantizer="swish_sign", use_bias=False), norm()]
    layers += [QuantDense(12, input_quantizer="ste_heaviside", **kernel), norm()]
    return chain((8, 8, 1), *layers, QuantDense(10, input_quantizer="approx_sign", **kernel), norm())


def depthwise():
    """A depthwise and a pointwise convolution, and the mean of all pixels."""
    bits = {"input_quantizer": "ste_sign", "depthwise_quantizer": "ste_sign", "use_bias": False}
    layers = [QuantConv2D(6, 3, **KERNEL), norm(), QuantDepthwiseConv2D(3, padding="same", pad_values=1.0, **bits)]
    layers += [norm(), QuantConv2D(10, 1, **BITS), LAYERS.GlobalAveragePooling2D()]
    return chain((8, 8, 1), *layers)


def dilated():
    """Every other pixel of a window."""
    layers = [QuantConv2D(4, 3, **KERNEL), norm(), QuantConv2D(6, 3, dilation_rate=2, **BITS), norm()]
    return chain((10, 10, 1), *layers, LAYERS.Flatten(), QuantDense(10, **BITS), norm())


def sequence():
    """Convolutions of one dimension."""
    layers = [QuantConv1D(6, 3, **KERNEL), LAYERS.MaxPooling1D(), norm(), QuantConv1D(6, 3, **BITS), norm()]
    return chain((24, 3), *layers, LAYERS.Flatten(), QuantDense(10, **BITS), norm())


def residual():
    """Bits that are added to bits."""
    sign = larq.quantizers.SteSign()
    image = LAYERS.Input((8, 8, 1))
    first = sign(norm()(QuantConv2D(6, 3, padding="same", **KERNEL)(image)))
    second = sign(norm()(QuantConv2D(6, 3, padding="same", **KERNEL)(first)))
    both = LAYERS.add([first, second])
    third = sign(norm()(QuantConv2D(6, 3, **KERNEL)(both)))
    return tf.keras.Model(image, norm()(QuantDense(10, **KERNEL)(LAYERS.Flatten()(third))))


def make(function, opset):
    """One network by chance, whose batch norms saw random images; its file, images, and the scores of Keras."""
    tf.keras.utils.set_random_seed(0)
    network, rng = function(), np.random.default_rng(0)
    pixels = 255 if function is not biases else 1
    for weight in network.weights:
        kind = weight.name.rsplit("/")[-1].partition(":")[0]
        if kind in ("gamma", "beta", "bias"):
            weight.assign(rng.normal(size=weight.shape) + (kind == "gamma") / 2)
        elif "moving" not in kind:
            weight.assign(rng.uniform(-1, 1, weight.shape))
    for _ in range(30):
        seen = rng.integers(0, 256, (64, *network.input_shape[1:]))
        network(seen.astype(np.float32) / np.float32(pixels), training=True)
    images = rng.integers(0, 256, (IMAGES, *network.input_shape[1:]), dtype=np.uint8)
    scores = network(images.astype(np.float32) / np.float32(pixels), training=False).numpy()
    signature = [tf.TensorSpec((None, *network.input_shape[1:]), tf.float32, name="image")]
    path = HERE / f"{function.__name__}.onnx"
    tf2onnx.convert.from_keras(network, input_signature=signature, opset=opset, output_path=str(path))
    np.savez_compressed(path.with_suffix(".npz"), images=images, classes=scores.argmax(axis=1).astype(np.uint8))


if __name__ == "__main__":
    NETWORKS = (mlp, tutorial, zeros, ones, biases, two_bits, quantizers, depthwise, dilated, sequence, residual)
    for place, entry in enumerate(NETWORKS):
        if len(sys.argv) == 1 or entry.__name__ in sys.argv[1:]:
            make(entry, opset=(13, 15)[place % 2])
