#!/usr/bin/env python3
"""A network in PyTorch, from the primitives that `exp` lowers it to (src/layers/primitives.ts): no network is written twice.

    pip install torch==2.13.0 safetensors numpy
    python3 network.py gradients FOLDER
    python3 network.py train FOLDER

FOLDER holds network.json (the network as src/network/network.ts describes it), request.json and tensors.safetensors. The
answer is one JSON object on stdout. `gradients` compares what an engine computed, which is in ours.safetensors, with
PyTorch's float64; `train` gives the losses of a number of steps.
"""
import json
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

UNARY = {"negate": torch.neg, "sqrt": torch.sqrt, "exp": torch.exp, "log": torch.log, "tanh": torch.tanh, "erf": torch.erf}
BINARY = {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div}
# Well-known functions in PyTorch's own words; others by their expression.
KNOWN = {"selu": F.selu, "silu": F.silu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}


def evaluated(e, x):
    """An element-wise expression (src/common/expression.ts); at a kink the branch that `>` does not take."""
    op = e["op"]
    if op == "constant":
        return torch.as_tensor(e["value"], dtype=x.dtype)
    if op == "input":
        return x
    if op in UNARY:
        return UNARY[op](evaluated(e["of"], x))
    left, right = evaluated(e["left"], x), evaluated(e["right"], x)
    if op in BINARY:
        return BINARY[op](left, right)
    if op == "max":
        return torch.where(left > right, left, right)
    if op == "min":
        return torch.where(right > left, left, right)
    return torch.where(left > right, evaluated(e["then"], x), evaluated(e["otherwise"], x))


class Decisions:
    """
    What ReLUs and maxima decide, element by element. `near` lists those whose two sides differ by less than `margin` of the
    largest value there, nearest first: float32 may decide them otherwise, and the gradient then differs by what that one
    element passes on. `flipped` names those that are to be decided otherwise.
    """
    def __init__(self, margin=0.0, flipped=()):
        self.margin, self.flipped, self.found, self.total = margin, flipped, [], 0

    def note(self, name, gaps, scale):
        """Exact ties are left out: in float64 they are windows of zeros behind a ReLU, which pass nothing on."""
        self.total += gaps.numel()
        if self.margin > 0:
            gaps = gaps.flatten() / scale
            close = ((gaps < self.margin) & (gaps > 0)).nonzero().flatten()
            self.found += zip(gaps[close].tolist(), [name] * len(close), close.tolist())

    @property
    def near(self):
        return [(name, at) for _, name, at in sorted(self.found)]

    def flips(self, name):
        return [at for layer, at in self.flipped if layer == name]


def rectified(x, name, decisions, ceiling=None):
    """relu, and with a ceiling relu6: what is passed on, and apart from it where the gradient goes."""
    with torch.no_grad():
        y, passes = (F.relu(x), x > 0) if ceiling is None else (x.clamp(0, ceiling), (x > 0) & (x < ceiling))
        gaps = x.abs() if ceiling is None else torch.minimum(x.abs(), (x - ceiling).abs())
        decisions.note(name, gaps, x.abs().max())
        for at in decisions.flips(name):
            passes.view(-1)[at] = ~passes.view(-1)[at]
    return y + (x - x.detach()) * passes


def maxima(x, p, name, decisions):
    """The first of the largest cells of every window, or where it is flipped the second largest."""
    pad, kernel, stride = p["padding"], p["kernel"], p["stride"]
    x = F.pad(x, (pad["left"], pad["right"], pad["top"], pad["bottom"]), value=float("-inf"))
    output, chosen = F.max_pool2d(x, kernel, stride, return_indices=True)
    if (decisions.margin > 0 or decisions.flips(name)) and kernel[0] * kernel[1] > 1:
        with torch.no_grad():
            windows = lambda maps: maps.unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1]).flatten(4)
            top, which = windows(x).topk(2, 4)
            decisions.note(name, top[..., 0] - top[..., 1], output.abs().max())
            places = torch.arange(x.shape[2] * x.shape[3]).reshape(1, 1, *x.shape[2:])
            second = windows(places).expand(*which.shape[:4], -1).gather(4, which[..., 1:]).flatten()
            for at in decisions.flips(name):
                chosen.view(-1)[at] = second[at]
    return x.flatten(2).gather(2, chosen.flatten(2)).reshape(output.shape)


def averages(x, p):
    pad = p["padding"]
    around = (pad["left"], pad["right"], pad["top"], pad["bottom"])
    inside = torch.ones(1, 1, *x.shape[2:], dtype=x.dtype)
    counted = F.pad(inside, around, value=1.0 if p["countPadding"] else 0.0)
    if p["countPadding"]:  # rows and columns that only overhang never count
        below, right = p["ceilOverhang"]
        counted[:, :, counted.shape[2] - below:, :] = 0
        counted[:, :, :, counted.shape[3] - right:] = 0
    return F.avg_pool2d(F.pad(x, around), p["kernel"], p["stride"]) / F.avg_pool2d(counted, p["kernel"], p["stride"])


def is_even(pad):
    return pad["top"] == pad["bottom"] and pad["left"] == pad["right"]


def convolution(x, p, w):
    pad = p["padding"]
    if is_even(pad):
        return F.conv2d(x, w["weight"], w.get("bias"), p["stride"], (pad["top"], pad["left"]), p["dilation"], p["groups"])
    x = F.pad(x, (pad["left"], pad["right"], pad["top"], pad["bottom"]))
    return F.conv2d(x, w["weight"], w.get("bias"), p["stride"], 0, p["dilation"], p["groups"])


def transposed(x, p, w):
    pad = p["padding"]
    y = F.conv_transpose2d(x, w["weight"], w.get("bias"), p["stride"], 0, p["outputPadding"], p["groups"], p["dilation"])
    return y[:, :, pad["top"]:y.shape[2] - pad["bottom"], pad["left"]:y.shape[3] - pad["right"]]


def joined(xs, kind):
    if kind == "concat":
        return torch.cat(xs, 1)
    y = xs[0]
    for x in xs[1:]:
        y = y + x if kind == "add" else y * x
    return y


def applied(p, xs, w, name, training, decisions):
    """One primitive; dropout has been taken out."""
    op, x = p["op"], xs[0]
    if op == "convolution":
        return convolution(x, p, w)
    if op == "transposedConvolution":
        return transposed(x, p, w)
    if op == "dense":
        return F.linear(x.flatten(1), w["weight"], w.get("bias"))[:, :, None, None]
    if op == "pool":
        return maxima(x, p, name, decisions) if p["kind"] == "max" else averages(x, p)
    if op == "batchNormalization":
        return F.batch_norm(x, w["running_mean"], w["running_var"], w["weight"], w["bias"], training, p["momentum"], p["epsilon"])
    if op == "groupNormalization":
        return F.group_norm(x, p["groups"], w["weight"], w["bias"], p["epsilon"])
    if op == "localResponseNormalization":
        return F.local_response_norm(x, p["size"], p["alpha"], p["beta"], p["k"])
    if op == "map":
        if p["name"] in ("relu", "relu6"):
            return rectified(x, name, decisions, 6 if p["name"] == "relu6" else None)
        return KNOWN[p["name"]](x) if p["name"] in KNOWN else evaluated(p["expression"], x)
    if op == "prelu":
        return F.prelu(x, w["weight"])
    if op == "softmax":
        return F.softmax(x, 1)
    if op == "join":
        return joined(xs, p["kind"])
    if op == "pad":
        pad = p["padding"]
        return F.pad(x, (pad["left"], pad["right"], pad["top"], pad["bottom"], 0, p["channels"]))
    if op == "upsample":
        return x.repeat_interleave(p["factor"][0], 2).repeat_interleave(p["factor"][1], 3)
    if op == "flatten":
        return x.flatten(1)[:, :, None, None]
    raise ValueError(f"there is no primitive {op}")


def forward(network, tensors, images, training, decisions):
    """The outputs of all layers, in order."""
    outputs = [images]
    for layer in network["layers"][1:]:
        xs = [outputs[index] for index in layer["inputs"]]
        w = {each["name"]: tensors[f"{layer['name']}.{each['name']}"] for each in layer["parameters"]}
        for primitive in layer["primitives"]:
            xs = [applied(primitive, xs, w, layer["name"], training, decisions)]
        outputs.append(xs[0])
    return outputs


def loss_of(network, outputs, labels):
    """The network's own and those of its heads, by their weights."""
    loss = network["loss"]
    weight = torch.tensor(loss["classWeights"], dtype=outputs[0].dtype) if "classWeights" in loss else None
    of = lambda index: F.cross_entropy(outputs[index].flatten(1), labels, weight, label_smoothing=loss["labelSmoothing"])
    return of(network["output"]) + sum(head["weight"] * of(head["output"]) for head in network["heads"])


def parameters_of(network, which=lambda each: each["trained"]):
    return [f"{layer['name']}.{each['name']}" for layer in network["layers"] for each in layer["parameters"] if which(each)]


def prepared(tensors, network, dtype):
    made = {key: value.to(dtype).clone() for key, value in tensors.items()}
    for key in parameters_of(network):
        made[key].requires_grad_()
    return made


def gradients(network, tensors, images, labels, dtype, margin=0.0, flipped=()):
    """The loss, the gradient of every parameter, the running statistics afterwards, and the decisions."""
    made, decisions = prepared(tensors, network, dtype), Decisions(margin, flipped)
    loss = loss_of(network, forward(network, made, images.to(dtype), True, decisions), labels)
    loss.backward()
    found = {key: made[key].grad.double() for key in parameters_of(network)}
    buffers = {key: made[key].double() for key in parameters_of(network, lambda each: not each["trained"])}
    return loss.item(), found, buffers, decisions


def errors(ours, theirs):
    """
    Of every tensor: largest error / largest value. Gradients that are zero but for rounding (a bias before batch
    normalisation) are held against a hundredth of the largest of all.
    """
    floor = max(value.abs().max().item() for value in theirs.values()) / 100
    return {key: ((ours[key].double().reshape(value.shape) - value).abs().max() / max(value.abs().max().item(), floor)).item() for key, value in theirs.items()}


def with_near_decisions(ours, theirs, near, of_flipped):
    """
    Decisions that are too near for float32 are made as the engine made them: one after the other, those whose other outcome
    brings the whole gradient nearer to the engine's. Gives the gradient for these and which they are.
    """
    distance = lambda gradient: sum((ours[key].double().reshape(value.shape) - value).square().sum().item() for key, value in gradient.items())
    taken, best, least = [], theirs, distance(theirs)
    for decision in near:
        tried = of_flipped([*taken, decision])
        if distance(tried) < least:
            taken, best, least = [*taken, decision], tried, distance(tried)
    return best, taken


def compare(network, request, tensors, ours):
    images, labels = tensors.pop("images"), torch.tensor(request["labels"])
    exact = lambda flipped=(): gradients(network, tensors, images, labels, torch.float64, request["margin"], flipped)
    loss, found, buffers, decisions = exact()
    mine = {key: ours[f"gradient {key}"] for key in found}
    first, taken = errors(mine, found), []
    if max(first.values()) > request["tolerance"]:
        found, taken = with_near_decisions(mine, found, decisions.near[:request["tries"]], lambda flipped: exact(flipped)[1])
    single = gradients(network, tensors, images, labels, torch.float32)
    with torch.no_grad():
        run = lambda dtype: forward(network, prepared(tensors, network, dtype), images.to(dtype), False, Decisions())
        outputs, singles = run(torch.float64), run(torch.float32)
    names = [layer["name"] for layer in network["layers"]]
    theirs = {name: outputs[index] for index, name in enumerate(names) if f"output {name}" in ours}
    return {
        "loss": loss,
        "forward": errors({name: ours[f"output {name}"] for name in theirs}, theirs),
        "forwardOfFloat32": errors({name: singles[names.index(name)] for name in theirs}, theirs),
        "gradients": errors(mine, found),
        "gradientsAsDecided": first,
        "gradientsOfFloat32": errors(single[1], exact()[1]),
        "buffers": errors({key: ours[f"buffer {key}"] for key in buffers}, buffers) if buffers else {},
        "decisions": decisions.total, "near": len(decisions.near), "otherwise": len(taken),
    }


def optimizer_of(request, network, made):
    """Weight decay for what decays only."""
    o = request["optimizer"]["options"]
    decaying = set(parameters_of(network, lambda each: each["trained"] and each["decay"]))
    groups = [{"params": [made[key] for key in parameters_of(network) if (key in decaying) == decays], "weight_decay": o["weight_decay"] if decays else 0} for decays in (True, False)]
    if request["optimizer"]["type"] == "sgd":
        return torch.optim.SGD(groups, o["lr"], o["momentum"], nesterov=o["nesterov"])
    return torch.optim.Adam(groups, o["lr"], (o["beta1"], o["beta2"]), o["epsilon"])


def train(network, request, tensors):
    """The loss of every step, in each of the requested layouts and precisions."""
    images, labels = tensors.pop("images"), torch.tensor(request["labels"])
    traces = {}
    for name, dtype, layout in [("nchw", torch.float32, torch.contiguous_format), ("channels_last", torch.float32, torch.channels_last), ("float64", torch.float64, torch.contiguous_format)]:
        if name not in request["layouts"]:
            continue
        made = prepared(tensors, network, dtype)
        for key, value in made.items():
            if value.dim() == 4:
                made[key] = value.detach().to(memory_format=layout).requires_grad_(value.requires_grad)
        optimizer, traces[name] = optimizer_of(request, network, made), []
        for step in range(request["steps"]):
            batch = slice(step * request["batch"], (step + 1) * request["batch"])
            optimizer.zero_grad()
            loss = loss_of(network, forward(network, made, images[batch].to(dtype).to(memory_format=layout), True, Decisions()), labels[batch])
            loss.backward()
            optimizer.step()
            traces[name].append(loss.item())
    return traces


def main():
    what, folder = sys.argv[1:]
    torch.set_num_threads(2)
    network, request = (json.load(open(f"{folder}/{name}.json")) for name in ("network", "request"))
    tensors = load_file(f"{folder}/tensors.safetensors")
    answer = compare(network, request, tensors, load_file(f"{folder}/ours.safetensors")) if what == "gradients" else train(network, request, tensors)
    json.dump(answer, sys.stdout)


main()
