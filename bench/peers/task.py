"""What the Python peers share: they read the task (bench/task.ts) and answer rounds (bench/contender.ts).

    python3 PEER.py FOLDER WORK THREADS STEPS [VARIANT]      WORK: training or inference
"""
import json
import os
import sys
import time

import numpy as np


class Task:
    """task.json as attributes. A peer sees a network as steps, one for each primitive: see `run`."""

    def __init__(self, folder):
        with open(os.path.join(folder, "task.json"), encoding="utf-8") as file:
            self.__dict__.update(json.load(file))
        flat = np.fromfile(os.path.join(folder, "weights.bin"), np.float32)
        self.parameters = {}
        for layer in self.layers:
            for each in layer["parameters"]:
                size = int(np.prod(each["shape"]))
                value = flat[each["offset"]:each["offset"] + size].reshape(each["shape"]).copy()
                self.parameters[layer["name"], each["name"]] = {**each, "value": value}
        shape = (-1, self.input["height"], self.input["width"], self.input["channels"])
        self._pixels = np.fromfile(os.path.join(folder, "images.bin"), np.uint8).reshape(shape)
        self.labels = np.fromfile(os.path.join(folder, "labels.bin"), np.int32)
        readers = [index for layer in self.layers for index in layer["inputs"]]
        self.readers = [readers.count(index) for index in range(len(self.layers))]

    def images(self, channels_last=False, kind=np.float32):
        """All images in 0..1, [count, channels, height, width] or channels last."""
        pixels = self._pixels if channels_last else self._pixels.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(pixels, kind) / kind(255)

    def batch_at(self, index):
        """The images of step `index`, as a slice."""
        start = index % self.batches * self.batch
        return slice(start, start + self.batch)

    def values(self, layer):
        """The first weights of a layer by name: {"weight": ..., "bias": ...}."""
        return {name: each["value"] for (owner, name), each in self.parameters.items() if owner == layer["name"]}

    def run(self, image, apply):
        """The logits. `apply(layer, primitive, inputs)` computes one primitive; `inputs` are results of it."""
        results = [image]
        for layer in self.layers[1:]:
            inputs = [results[index] for index in layer["inputs"]]
            for primitive in layer["primitives"]:
                inputs = [apply(layer, primitive, inputs)]
            results.append(inputs[0])
        return results[self.output]


def sides(primitive):
    """top, left, bottom, right"""
    padding = primitive["padding"]
    return padding["top"], padding["left"], padding["bottom"], padding["right"]


def symmetric(primitive):
    """(rows, columns) of padding; all networks here are padded evenly."""
    top, left, bottom, right = sides(primitive)
    assert (top, left) == (bottom, right), "uneven padding"
    return top, left


def plain_pool(primitive):
    """Whether an average divides by the whole window."""
    return primitive["kind"] == "max" or primitive["countPadding"] or sides(primitive) == (0, 0, 0, 0)


def cross_entropy(logits, labels):
    """Mean of log Σ exp(logit) - logit of the label."""
    largest = logits.max(axis=1, keepdims=True)
    sums = np.log(np.exp(logits - largest).sum(axis=1)) + largest[:, 0]
    return float((sums - logits[np.arange(len(labels)), labels]).mean())


def arguments():
    """task, work, threads, steps, variant"""
    folder, work, threads, steps = sys.argv[1:5]
    return Task(folder), work, int(threads), int(steps), sys.argv[5] if len(sys.argv) > 5 else ""


def serve(task, work, steps, version, about, step, number):
    """Rounds of `steps` steps. `step(index)` trains on a batch or computes its logits; `number(result)` waits for what
    it returned: the loss, or the logits as an array."""
    print(json.dumps({"ready": {"version": version, "about": about}}), flush=True)
    done = 0
    for line in sys.stdin:
        if line.strip() != "round":
            break
        start = time.perf_counter()
        results = [step(done + i) for i in range(steps)]
        last = number(results[-1])
        seconds = time.perf_counter() - start
        done += steps
        if work == "training":
            loss = float(np.mean([number(each) for each in results]))
        else:
            loss = cross_entropy(last, task.labels[task.batch_at(done - 1)])
        print(json.dumps({"seconds": seconds, "images": steps * task.batch, "loss": loss}), flush=True)
