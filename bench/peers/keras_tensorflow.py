"""Keras on TensorFlow as a contender.   python3 keras_tensorflow.py FOLDER WORK THREADS STEPS graph|xla

Channels last, as TensorFlow's kernels for processors want it; a whole step is one tf.function. `xla` compiles it as well.
pip install tensorflow-cpu==2.21.0
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from task import arguments, plain_pool, serve, sides


def dense_kernel(weight, shape):
    """The weights of a dense layer count a map of this shape channels first; here it is flattened channels last."""
    units, inputs = weight.shape
    return weight.reshape(units, shape["channels"], shape["height"], shape["width"]).transpose(2, 3, 1, 0).reshape(inputs, units)


class Builder:
    """Keras's functional model of the task, and the weights that its layers start from."""

    def __init__(self, task):
        self.task = task
        self.decaying = []
        shape = task.input
        image = keras.Input((shape["height"], shape["width"], shape["channels"]))
        self.model = keras.Model(image, task.run(image, self.apply_primitive))

    def apply_primitive(self, layer, primitive, inputs):
        image, values = inputs[0], self.task.values(layer)
        bias = [values["bias"]] if primitive.get("bias") else []
        match primitive:
            case {"op": "convolution"}:
                image, padding = self.padded(primitive, image)
                made = keras.layers.Conv2D(
                    primitive["filters"], primitive["kernel"], primitive["stride"], padding, dilation_rate=primitive["dilation"],
                    groups=primitive["groups"], use_bias=primitive["bias"],
                )
                return self.weighted(layer, made, image, [values["weight"].transpose(2, 3, 1, 0), *bias])
            case {"op": "dense"}:
                made = keras.layers.Dense(primitive["units"], use_bias=primitive["bias"])
                weight = dense_kernel(values["weight"], self.task.layers[layer["inputs"][0]]["shape"])
                return self.weighted(layer, made, keras.layers.Flatten()(image), [weight, *bias])
            case {"op": "batchNormalization"}:
                made = keras.layers.BatchNormalization(momentum=1 - primitive["momentum"], epsilon=primitive["epsilon"])
                return self.weighted(layer, made, image, [values[name] for name in ("weight", "bias", "running_mean", "running_var")])
            case {"op": "map", "name": "relu"}:
                return keras.layers.ReLU()(image)
            case {"op": "dropout"}:
                return keras.layers.Dropout(primitive["rate"], seed=1)(image)
            case {"op": "pool"} if plain_pool(primitive):
                return self.pool(layer, primitive, image)
            case {"op": "join", "kind": "add"}:
                return keras.layers.Add()(inputs)
            case {"op": "join", "kind": "concat"}:
                return keras.layers.Concatenate()(inputs)
            case {"op": "pad"}:
                top, left, bottom, right = sides(primitive)
                return keras.ops.pad(image, [(0, 0), (top, bottom), (left, right), (0, primitive["channels"])])
        raise NotImplementedError(f"{layer['name']}: {primitive}")

    def pool(self, layer, primitive, image):
        before, after = self.task.layers[layer["inputs"][0]]["shape"], layer["shape"]
        if primitive["kind"] == "average" and after["height"] == after["width"] == 1 and primitive["kernel"] == [before["height"], before["width"]]:
            return keras.layers.GlobalAveragePooling2D()(image)
        kind = keras.layers.MaxPooling2D if primitive["kind"] == "max" else keras.layers.AveragePooling2D
        # Of zeros: a maximum after a ReLU does not mind them.
        image, padding = self.padded(primitive, image)
        return kind(primitive["kernel"], primitive["stride"], padding)(image)

    @staticmethod
    def padded(primitive, image):
        """The image and the word for the padding that is left: `same` where it means the same, else padded by hand."""
        top, left, bottom, right = sides(primitive)
        if (top, left, bottom, right) == (0, 0, 0, 0):
            return image, "valid"
        whole = [1 + (size - 1) * dilation for size, dilation in zip(primitive["kernel"], primitive.get("dilation", [1, 1]))]
        if primitive["stride"] == [1, 1] and [top + bottom, left + right] == [size - 1 for size in whole] and (top, left) == (bottom, right):
            return image, "same"
        return keras.layers.ZeroPadding2D(((top, bottom), (left, right)))(image), "valid"

    def weighted(self, layer, made, image, values):
        result = made(image)
        made.set_weights(values)
        if any(each["decay"] for each in layer["parameters"]):
            self.decaying.append(made.kernel.path)
        return result


def create_optimizer(task):
    """The optimizer and the decay that is added to the gradients (Keras's own leaves the gradients alone)."""
    options = task.optimizer["options"]
    if task.optimizer["type"] == "sgd":
        return keras.optimizers.SGD(options["lr"], options["momentum"], options["nesterov"]), options["weight_decay"]
    assert task.optimizer["type"] == "adam"
    return keras.optimizers.Adam(options["lr"], options["beta1"], options["beta2"], options["epsilon"]), options["weight_decay"]


task, work, threads, steps, variant = arguments()
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
keras.utils.set_random_seed(1)
builder = Builder(task)
model = builder.model
images = tf.constant(task.images(channels_last=True))
labels = tf.constant(task.labels)
batches = [(images[batch], labels[batch]) for batch in map(task.batch_at, range(task.batches))]
optimizer, decay = create_optimizer(task)
optimizer.build(model.trainable_variables)
loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function(jit_compile=variant == "xla")
def train(image, label):
    with tf.GradientTape() as tape:
        loss = loss_of(label, model(image, training=True))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    if decay:
        gradients = [g + decay * v if v.path in builder.decaying else g for g, v in zip(gradients, variables)]
    optimizer.apply(gradients, variables)
    return loss


@tf.function(jit_compile=variant == "xla")
def infer(image, _):
    return model(image, training=False)


run = train if work == "training" else infer
serve(
    task, work, steps, f"TensorFlow {tf.__version__}, Keras {keras.__version__}", "tf.function" + (", compiled by XLA" if variant == "xla" else ""),
    lambda index: run(*batches[index % task.batches]), lambda result: np.asarray(result),
)
