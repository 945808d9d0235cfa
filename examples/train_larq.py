"""A network of larq on MNIST, as larq's own tutorial trains it, and its ONNX file by tf2onnx, which xnorflow imports.

Runs in an environment of its own (examples/requirements-larq.txt); docs/larq.md has the way from there to Verilog.

python examples/train_larq.py larq.onnx [EPOCHS]
"""

import os
import sys

# Larq is written for the Keras of before 3.0. Keras reads this when it is imported.
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import larq
import numpy as np
import tensorflow as tf
import tf2onnx

SIZE = 28
# Latent weights and inputs are binarized on the way in; the first layer takes the pixels as they are.
KERNEL = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip", "use_bias": False}
BITS = {"input_quantizer": "ste_sign", **KERNEL}


def network() -> tf.keras.Model:
    """Three convolutions and two dense layers, all with weights of ±1."""
    keras = tf.keras.layers
    return tf.keras.Sequential(
        [
            keras.InputLayer((SIZE, SIZE, 1)),
            larq.layers.QuantConv2D(16, 3, **KERNEL),
            keras.MaxPooling2D(2),
            keras.BatchNormalization(scale=False),
            larq.layers.QuantConv2D(32, 3, padding="same", pad_values=1.0, **BITS),
            keras.MaxPooling2D(2),
            keras.BatchNormalization(scale=False),
            larq.layers.QuantConv2D(32, 3, **BITS),
            keras.BatchNormalization(scale=False),
            keras.Flatten(),
            larq.layers.QuantDense(64, **BITS),
            keras.BatchNormalization(scale=False),
            larq.layers.QuantDense(10, **BITS),
            keras.BatchNormalization(scale=False),
            keras.Activation("softmax"),
        ]
    )


def main(file: str, epochs: int) -> None:
    """Train, export, and say how many of the test images Keras gets right."""
    tf.keras.utils.set_random_seed(1)
    (images, labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
    images, test_images = (part[..., np.newaxis].astype(np.float32) / np.float32(255) for part in (images, test_images))
    model = network()
    model.compile(
        optimizer=tf.keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(images, labels, batch_size=128, epochs=epochs, verbose=2)
    signature = [tf.TensorSpec((1, SIZE, SIZE, 1), tf.float32, name="image")]
    tf2onnx.convert.from_keras(model, input_signature=signature, opset=15, output_path=file)
    classes = model.predict(test_images, verbose=0).argmax(axis=1)
    print(f"{file}: {(classes == test_labels).sum()} of {len(classes)} test images in Keras")
    np.save(f"{file}.classes.npy", classes)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: train_larq.py FILE [EPOCHS]")
    main(sys.argv[1], int(sys.argv[2] if len(sys.argv) > 2 else 3))
