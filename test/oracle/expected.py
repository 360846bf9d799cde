#!/usr/bin/env python3
"""What PyTorch computes for every layer example, optimizer, schedule and loss: test/oracle/data/*.json.

    pip install torch==2.13.0
    npx tsx test/oracle/requests.ts | python3 test/oracle/expected.py

Reads one JSON object: what to compute, with all inputs (made by requests.ts from the catalogues). Each layer type, optimizer
and schedule is written here once more in PyTorch's own words, so that a mistake in our lowering is not repeated.
Everything is computed in float64 and written with 8 significant digits.
"""
import json
import os
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
HERE = os.path.dirname(os.path.abspath(__file__))


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def same(size, kernel, stride, dilation):
    """Zeros before and after, so that ceil(size / stride) windows fit."""
    total = max(0, (-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size)
    return total // 2, total - total // 2


def padded(x, o, value=0.0):
    """For `same` and `valid`, pads by hand; returns what is left for the operation to pad."""
    if o["padding"] == "valid":
        return x, 0
    if o["padding"] != "same":
        return x, pair(o["padding"])
    kernel, dilation = pair(o["kernel"]), pair(o.get("dilation", 1))
    stride = pair(o.get("stride", o["kernel"]))
    top, bottom = same(x.shape[2], kernel[0], stride[0], dilation[0])
    left, right = same(x.shape[3], kernel[1], stride[1], dilation[1])
    return F.pad(x, (left, right, top, bottom), value=value), 0


def conv(o, xs, p, training, mask):
    x, padding = padded(xs[0], o)
    return F.conv2d(x, p["weight"], p.get("bias"), pair(o["stride"]), padding, pair(o["dilation"]), o["groups"])


def depthwise_conv(o, xs, p, training, mask):
    return conv({**o, "groups": xs[0].shape[1]}, xs, p, training, mask)


def conv_transpose(o, xs, p, training, mask):
    return F.conv_transpose2d(
        xs[0], p["weight"], p.get("bias"), pair(o["stride"]), pair(o["padding"]), pair(o["output_padding"]), o["groups"], pair(o["dilation"]),
    )


def dense(o, xs, p, training, mask):
    y = F.linear(xs[0].flatten(1), p["weight"], p.get("bias"))
    return y[:, :, None, None]


def maxpool(o, xs, p, training, mask):
    x, padding = padded(xs[0], o, float("-inf"))
    return F.max_pool2d(x, pair(o["kernel"]), pair(o.get("stride", o["kernel"])), padding, ceil_mode=o["ceil"])


def avgpool(o, xs, p, training, mask):
    kernel, stride = pair(o["kernel"]), pair(o.get("stride", o["kernel"]))
    if o["padding"] == "same":  # the mean over the cells inside the image: sums over counts
        assert not o["count_padding"]
        x, _ = padded(xs[0], o)
        ones, _ = padded(torch.ones_like(xs[0]), o)
        return F.avg_pool2d(x, kernel, stride) / F.avg_pool2d(ones, kernel, stride)
    x, padding = padded(xs[0], o)
    return F.avg_pool2d(x, kernel, stride, padding, o["ceil"], o["count_padding"])


def batchnorm(o, xs, p, training, mask):
    mean, var = p["running_mean"].clone(), p["running_var"].clone()
    y = F.batch_norm(xs[0], mean, var, p["weight"], p["bias"], training, o["momentum"], o["epsilon"])
    return (y, {"running_mean": mean, "running_var": var}) if training else y


def dropout(o, xs, p, training, mask):
    return xs[0] * mask / (1 - o["rate"]) if training and o["rate"] > 0 else xs[0]


def whole(unit):
    """Dropout of whole channels or images: the mask's first value of each, as one number."""
    def drop(o, xs, p, training, mask):
        return xs[0] * unit(mask) / (1 - o["rate"]) if training and o["rate"] > 0 else xs[0]
    return drop


def pad(o, xs, p, training, mask):
    vertical, horizontal = pair(o["padding"])
    return F.pad(xs[0], (horizontal, horizontal, vertical, vertical, 0, o["channels"]))


def lrn(o, xs, p, training, mask):
    return F.local_response_norm(xs[0], o["size"], o["alpha"], o["beta"], o["k"])


def upsample(o, xs, p, training, mask):
    vertical, horizontal = pair(o["factor"])
    return xs[0].repeat_interleave(vertical, 2).repeat_interleave(horizontal, 3)


def product(xs):
    y = xs[0]
    for x in xs[1:]:
        y = y * x
    return y


LAYERS = {
    "conv": conv,
    "depthwise_conv": depthwise_conv,
    "conv_transpose": conv_transpose,
    "dense": dense,
    "relu": lambda o, xs, p, training, mask: F.relu(xs[0]),
    "relu6": lambda o, xs, p, training, mask: F.relu6(xs[0]),
    "leaky_relu": lambda o, xs, p, training, mask: F.leaky_relu(xs[0], o["slope"]),
    "elu": lambda o, xs, p, training, mask: F.elu(xs[0], o["alpha"]),
    "selu": lambda o, xs, p, training, mask: F.selu(xs[0]),
    "gelu": lambda o, xs, p, training, mask: F.gelu(xs[0], approximate=o["approximate"]),
    "silu": lambda o, xs, p, training, mask: F.silu(xs[0]),
    "sigmoid": lambda o, xs, p, training, mask: torch.sigmoid(xs[0]),
    "tanh": lambda o, xs, p, training, mask: torch.tanh(xs[0]),
    "maxpool": maxpool,
    "avgpool": avgpool,
    "global_avgpool": lambda o, xs, p, training, mask: F.adaptive_avg_pool2d(xs[0], 1),
    "global_maxpool": lambda o, xs, p, training, mask: F.adaptive_max_pool2d(xs[0], 1),
    "upsample": upsample,
    "groupnorm": lambda o, xs, p, training, mask: F.group_norm(xs[0], o["groups"], p["weight"], p["bias"], o["epsilon"]),
    "layernorm": lambda o, xs, p, training, mask: F.group_norm(xs[0], 1, p["weight"], p["bias"], o["epsilon"]),
    "lrn": lrn,
    "batchnorm": batchnorm,
    "prelu": lambda o, xs, p, training, mask: F.prelu(xs[0], p["weight"]),
    "softmax": lambda o, xs, p, training, mask: F.softmax(xs[0], 1),
    "dropout": dropout,
    "spatial_dropout": whole(lambda mask: mask[:, :, :1, :1]),
    "stochastic_depth": whole(lambda mask: mask[:, :1, :1, :1]),
    "flatten": lambda o, xs, p, training, mask: xs[0].flatten(1)[:, :, None, None],
    "pad": pad,
    "add": lambda o, xs, p, training, mask: sum(xs[1:], xs[0]),
    "multiply": lambda o, xs, p, training, mask: product(xs),
    "concat": lambda o, xs, p, training, mask: torch.cat(xs, 1),
}


def numbers(tensor):
    """Rounded by less than float32 would be."""
    return [float(f"{value:.8g}") for value in tensor.detach().flatten().tolist()]


def tensor_of(given, shape=None):
    tensor = torch.tensor(given["data"]).reshape(shape or given["shape"])
    return tensor


def layer(case):
    xs = [tensor_of(each).requires_grad_() for each in case["inputs"]]
    p = {name: tensor_of(each) for name, each in case["parameters"].items()}
    trained = [name for name, each in case["parameters"].items() if each["trained"]]
    for name in trained:
        p[name].requires_grad_()
    mask = tensor_of(case["mask"])
    y = LAYERS[case["type"]](case["options"], xs, p, case["training"], mask)
    y, buffers = y if isinstance(y, tuple) else (y, {})
    (y * tensor_of(case["weigh"])).sum().backward()
    return {
        "name": case["name"],
        "training": case["training"],
        "output": {"shape": list(y.shape), "data": numbers(y)},
        "inputs": [numbers(x.grad) for x in xs],
        "parameters": {name: numbers(p[name].grad) for name in trained},
        "buffers": {name: numbers(value) for name, value in buffers.items()},
    }


OPTIMIZERS = {
    "sgd": lambda ps, o: torch.optim.SGD(ps, o["lr"], o["momentum"], 0, o["weight_decay"], o["nesterov"]),
    "adagrad": lambda ps, o: torch.optim.Adagrad(ps, o["lr"], weight_decay=o["weight_decay"], eps=o["epsilon"]),
    "rmsprop": lambda ps, o: torch.optim.RMSprop(ps, o["lr"], o["alpha"], o["epsilon"], o["weight_decay"], o["momentum"]),
    "adam": lambda ps, o: torch.optim.Adam(ps, o["lr"], (o["beta1"], o["beta2"]), o["epsilon"], o["weight_decay"]),
    "adamw": lambda ps, o: torch.optim.AdamW(ps, o["lr"], (o["beta1"], o["beta2"]), o["epsilon"], o["weight_decay"]),
}


def optimizer(case):
    p = torch.nn.Parameter(torch.tensor(case["start"]))
    optimizer = OPTIMIZERS[case["type"]]([p], case["options"])
    steps = []
    for gradient in case["gradients"]:
        value = p.detach().clone().requires_grad_()
        penalty = case["penalty"]["l1"] * value.abs().sum() + case["penalty"]["l2"] / 2 * value.square().sum()
        p.grad = torch.tensor(gradient) + torch.autograd.grad(penalty, value)[0]
        optimizer.step()
        steps.append(numbers(p))
    return {"name": case["name"], "steps": steps}


def scheduler(optimizer, case):
    o, epochs, steps = case["options"], case["epochs"], case["stepsPerEpoch"]
    schedules = torch.optim.lr_scheduler
    if case["type"] == "constant":
        return schedules.LambdaLR(optimizer, lambda step: 1), 1
    if case["type"] == "step":
        if isinstance(o["epochs"], list):
            return schedules.MultiStepLR(optimizer, o["epochs"], o["gamma"]), steps
        return schedules.StepLR(optimizer, o["epochs"], o["gamma"]), steps
    if case["type"] == "exponential":  # stepped once an epoch: compared at whole epochs
        return schedules.ExponentialLR(optimizer, o["gamma"]), steps
    if case["type"] == "cosine":  # the learning rate is 1, so eta_min is the share that is left
        return schedules.CosineAnnealingLR(optimizer, epochs * steps, o["final"]), 1
    if case["type"] == "one_cycle":
        return schedules.OneCycleLR(
            optimizer, 1, epochs * steps, pct_start=o["rise"], cycle_momentum=False,
            div_factor=o["start_divisor"], final_div_factor=o["final_divisor"],
        ), 1
    raise ValueError(case["type"])


def schedule(case):
    """The factor at every step; `every`: the steps between two of PyTorch's."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1)
    torch_schedule, every = scheduler(optimizer, case)
    factors = []
    for step in range(case["epochs"] * case["stepsPerEpoch"]):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (step + 1) % every == 0:
            torch_schedule.step()
    return {"name": case["name"], "every": every, "factors": [float(f"{factor:.12g}") for factor in factors]}


def loss(case):
    z = tensor_of(case["logits"]).requires_grad_()
    weight = torch.tensor(case["classWeights"]) if "classWeights" in case else None
    value = F.cross_entropy(z, torch.tensor(case["labels"]), weight, label_smoothing=case["labelSmoothing"])
    value.backward()
    return {"name": case["name"], "loss": float(f"{value.item():.12g}"), "gradient": numbers(z.grad)}


def heads(case):
    """Two classifiers on one trunk, the auxiliary one's loss times 0.3."""
    w = {key: tensor_of(each).requires_grad_() for key, each in case["weights"].items()}
    x = F.relu(F.conv2d(tensor_of(case["inputs"]), w["stem.weight"], w["stem.bias"], padding=1))
    aux = F.linear(x.mean((2, 3)), w["aux.dense1.weight"], w["aux.dense1.bias"])
    x = F.relu(F.conv2d(F.max_pool2d(x, 2), w["second.weight"], w["second.bias"]))
    logits = F.linear(x.flatten(1), w["logits.weight"], w["logits.bias"])
    criterion = torch.nn.CrossEntropyLoss(weight=torch.tensor([1, 0.5, 2]), label_smoothing=0.1)
    labels = torch.tensor(case["labels"])
    value = criterion(logits, labels) + 0.3 * criterion(aux, labels)
    value.backward()
    return {"loss": float(f"{value.item():.12g}"), "gradients": {key: numbers(each.grad) for key, each in w.items()}}


def initializers(_):
    """Standard deviations by PyTorch's own counting of fans."""
    result = []
    for shape in [[16, 8, 3, 3], [50, 1024]]:
        fan_in, fan_out = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
        result.append({
            "shape": shape, "fanIn": fan_in, "fanOut": fan_out,
            "he": torch.nn.init.calculate_gain("relu") / fan_in ** 0.5,
            "xavier": (2 / (fan_in + fan_out)) ** 0.5,
            "lecun": torch.nn.init.calculate_gain("linear") / fan_in ** 0.5,
        })
    return result


def main():
    requests = json.load(sys.stdin)
    made = {kind: [compute(case) for case in requests[kind]] for kind, compute in
            [("layers", layer), ("optimizers", optimizer), ("schedules", schedule), ("losses", loss), ("heads", heads)]}
    made["initializers"] = initializers(None)
    os.makedirs(os.path.join(HERE, "data"), exist_ok=True)
    for kind, cases in made.items():
        with open(os.path.join(HERE, "data", f"{kind}.json"), "w") as file:
            json.dump({"torch": torch.__version__, "cases": cases}, file, separators=(",", ":"))
            file.write("\n")


main()
