"""The layers' formulas as a course writes them in NumPy, float64, as a contender.   python3 numpy_formulas.py FOLDER WORK THREADS STEPS

Convolutions become one matrix product by laying out every window as a row (im2col); each layer is a forward formula and,
as a function it leaves behind, the gradient to its input. pip install numpy
"""
import numpy as np

from task import arguments, plain_pool, serve, sides


def windows(image, kernel, stride, padding, fill=0.0):
    """[count, channels, rows, columns, kernel rows, kernel columns]: a view of the padded image."""
    top, left, bottom, right = padding
    padded = np.pad(image, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(2, 3))
    return view[:, :, ::stride[0], ::stride[1]]


def spread(gradient, shape, stride, padding):
    """The gradient to an image from that to its windows (laid out as by `windows`): every cell sums over the windows it is in."""
    count, channels, height, width = shape
    top, left, bottom, right = padding
    total = np.zeros((count, channels, height + top + bottom, width + left + right))
    rows, columns, tall, wide = gradient.shape[2:]
    for i in range(tall):
        for j in range(wide):
            total[:, :, i:i + stride[0] * rows:stride[0], j:j + stride[1] * columns:stride[1]] += gradient[..., i, j]
    return total[:, :, top:top + height, left:left + width]


class Network:
    """Parameters, their gradients, and what backward needs of the last forward."""

    def __init__(self, task, training):
        self.task, self.training = task, training
        self.parameters = {key: each["value"].astype(np.float64) for key, each in task.parameters.items()}
        self.random = np.random.default_rng(1)

    def forward(self, images):
        """Logits. Results on the way are kept as [value, gradient, function that passes the gradient on]."""
        self.gradients, self.tape = {}, []
        return self.task.run(self.note(images, lambda g: []), self.apply_primitive)

    def backward(self, logits, gradient):
        logits["gradient"] = gradient
        for entry in reversed(self.tape):
            for source, share in zip(entry["inputs"], entry["backward"](entry["gradient"])):
                source["gradient"] = share if source["gradient"] is None else source["gradient"] + share

    def note(self, value, backward, inputs=()):
        self.tape.append({"value": value, "gradient": None, "backward": backward, "inputs": inputs})
        return self.tape[-1]

    def apply_primitive(self, layer, primitive, inputs):
        kind = primitive.get("kind") or primitive.get("name") or primitive["op"]
        formula = getattr(self, kind, None)
        if formula is None or (primitive["op"] == "pool" and not plain_pool(primitive)):
            raise NotImplementedError(f"{layer['name']}: {primitive}")
        value, backward = formula(layer["name"], primitive, *(each["value"] for each in inputs))
        return self.note(value, backward, inputs)

    def convolution(self, name, primitive, x):
        w = self.parameters[name, "weight"]
        filters = len(w)
        view = windows(x, primitive["kernel"], primitive["stride"], sides(primitive))
        count, channels, rows, columns, tall, wide = view.shape
        matrix = view.transpose(0, 2, 3, 1, 4, 5).reshape(count * rows * columns, -1)
        y = matrix @ w.reshape(filters, -1).T
        if primitive["bias"]:
            y += self.parameters[name, "bias"]

        def backward(gradient):
            g = gradient.transpose(0, 2, 3, 1).reshape(-1, filters)
            self.gradients[name, "weight"] = (g.T @ matrix).reshape(w.shape)
            if primitive["bias"]:
                self.gradients[name, "bias"] = g.sum(axis=0)
            cells = (g @ w.reshape(filters, -1)).reshape(count, rows, columns, channels, tall, wide)
            return [spread(cells.transpose(0, 3, 1, 2, 4, 5), x.shape, primitive["stride"], sides(primitive))]

        return y.reshape(count, rows, columns, filters).transpose(0, 3, 1, 2), backward

    def dense(self, name, primitive, x):
        w, flat = self.parameters[name, "weight"], x.reshape(len(x), -1)
        y = flat @ w.T + (self.parameters[name, "bias"] if primitive["bias"] else 0)

        def backward(g):
            self.gradients[name, "weight"] = g.T @ flat
            if primitive["bias"]:
                self.gradients[name, "bias"] = g.sum(axis=0)
            return [(g @ w).reshape(x.shape)]

        return y, backward

    def relu(self, _name, _primitive, x):
        return np.maximum(x, 0), lambda g: [g * (x > 0)]

    def max(self, _name, primitive, x):
        view = windows(x, primitive["kernel"], primitive["stride"], sides(primitive), -np.inf)
        flat = view.reshape(*view.shape[:4], -1)
        best = flat.argmax(axis=-1)[..., None]

        def backward(g):
            cells = np.zeros(flat.shape)
            np.put_along_axis(cells, best, g[..., None], axis=-1)
            return [spread(cells.reshape(view.shape), x.shape, primitive["stride"], sides(primitive))]

        return np.take_along_axis(flat, best, axis=-1)[..., 0], backward

    def average(self, _name, primitive, x):
        view = windows(x, primitive["kernel"], primitive["stride"], sides(primitive))
        cells = view.shape[4] * view.shape[5]
        share = lambda g: np.broadcast_to(g[..., None, None] / cells, view.shape)
        return view.mean(axis=(4, 5)), lambda g: [spread(share(g.reshape(view.shape[:4])), x.shape, primitive["stride"], sides(primitive))]

    def batchNormalization(self, name, primitive, x):
        column = lambda v: v[:, None, None]
        scale, shift = self.parameters[name, "weight"], self.parameters[name, "bias"]
        mean, variance = self.parameters[name, "running_mean"], self.parameters[name, "running_var"]
        cells = x.size // x.shape[1]
        if self.training:
            batch_mean, batch_variance = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
            mean += primitive["momentum"] * (batch_mean - mean)
            variance += primitive["momentum"] * (batch_variance * cells / (cells - 1) - variance)
            mean, variance = batch_mean, batch_variance
        deviation = np.sqrt(variance + primitive["epsilon"])
        normal = (x - column(mean)) / column(deviation)

        def backward(g):
            self.gradients[name, "weight"], self.gradients[name, "bias"] = (g * normal).sum(axis=(0, 2, 3)), g.sum(axis=(0, 2, 3))
            centred = g - column(self.gradients[name, "bias"] / cells) - normal * column(self.gradients[name, "weight"] / cells)
            return [column(scale / deviation) * centred]

        return column(scale) * normal + column(shift), backward

    def dropout(self, _name, primitive, x):
        if not self.training:
            return x, None
        mask = (self.random.random(x.shape) >= primitive["rate"]) / (1 - primitive["rate"])
        return x * mask, lambda g: [g * mask]

    def add(self, _name, _primitive, *xs):
        return sum(xs), lambda g: [g for _ in xs]

    def concat(self, _name, _primitive, *xs):
        return np.concatenate(xs, axis=1), lambda g: np.split(g, np.cumsum([x.shape[1] for x in xs])[:-1], axis=1)

    def pad(self, _name, primitive, x):
        top, left, bottom, right = sides(primitive)
        height, width = x.shape[2:]
        y = np.pad(x, ((0, 0), (0, primitive["channels"]), (top, bottom), (left, right)))
        return y, lambda g: [g[:, :x.shape[1], top:top + height, left:left + width]]


class Optimizer:
    """SGD with momentum: v = m v + g, p = p - lr v. Adam: Kingma and Ba, ICLR 2015, algorithm 1."""

    def __init__(self, task):
        self.options, self.adam, self.parameters = task.optimizer["options"], task.optimizer["type"] == "adam", task.parameters
        self.first, self.second, self.steps = {}, {}, 0

    def update(self, values, gradients):
        o = self.options
        self.steps += 1
        for key, gradient in gradients.items():
            g = gradient + o["weight_decay"] * values[key] if self.parameters[key]["decay"] else gradient
            if not self.adam:
                self.first[key] = o["momentum"] * self.first.get(key, 0) + g
                values[key] -= o["lr"] * self.first[key]
                continue
            self.first[key] = o["beta1"] * self.first.get(key, 0) + (1 - o["beta1"]) * g
            self.second[key] = o["beta2"] * self.second.get(key, 0) + (1 - o["beta2"]) * g * g
            mean, square = self.first[key] / (1 - o["beta1"] ** self.steps), self.second[key] / (1 - o["beta2"] ** self.steps)
            values[key] -= o["lr"] * mean / (np.sqrt(square) + o["epsilon"])


task, work, threads, steps, _ = arguments()  # Threads are the matrix library's: bench/contenders.ts sets its variables.
images = task.images(kind=np.float64)
network, optimizer = Network(task, work == "training"), Optimizer(task)


def train(index):
    batch = task.batch_at(index)
    logits = network.forward(images[batch])
    labels = task.labels[batch]
    exponentials = np.exp(logits["value"] - logits["value"].max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    correct = np.arange(len(labels)), labels
    loss = -np.log(probabilities[correct]).mean()
    probabilities[correct] -= 1
    network.backward(logits, probabilities / len(labels))
    optimizer.update(network.parameters, network.gradients)
    return loss


def infer(index):
    return network.forward(images[task.batch_at(index)])["value"]


serve(task, work, steps, f"NumPy {np.__version__}", "float64, im2col", train if work == "training" else infer, lambda result: result)
