"""PyTorch as a contender.   python3 pytorch.py FOLDER WORK THREADS STEPS nchw|channels_last|compile

`compile` is torch.compile over channels-last tensors; for inference with frozen weights, which lets it fold and reorder them.
pip install torch==2.13.0 numpy --index-url https://download.pytorch.org/whl/cpu
"""
import os

# Compiles in this process: the processes of its pool would take turns with the other contenders.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch
import torch.nn.functional as F
from torch import nn

from task import arguments, plain_pool, serve, sides, symmetric


class Network(nn.Module):
    """The task's network as modules, in the words a person would use."""

    def __init__(self, task):
        super().__init__()
        self.task = task
        self.parts = nn.ModuleDict()
        for layer in task.layers[1:]:
            for primitive in layer["primitives"]:
                module = self.module(layer, primitive)
                if module is not None:
                    values = {name: torch.from_numpy(value) for name, value in task.values(layer).items()}
                    module.load_state_dict(values, strict=False)
                    self.parts[self.key(layer, primitive)] = module

    @staticmethod
    def key(layer, primitive):
        return f"{layer['name']}.{primitive['op']}".replace(".", "/")

    def module(self, layer, primitive):
        weight = self.task.values(layer).get("weight")
        match primitive["op"]:
            case "convolution":
                return nn.Conv2d(
                    weight.shape[1] * primitive["groups"], primitive["filters"], primitive["kernel"], primitive["stride"], symmetric(primitive),
                    primitive["dilation"], primitive["groups"], primitive["bias"],
                )
            case "dense":
                return nn.Linear(weight.shape[1], primitive["units"], primitive["bias"])
            case "batchNormalization":
                return nn.BatchNorm2d(weight.shape[0], primitive["epsilon"], primitive["momentum"])
            case "dropout":
                return nn.Dropout(primitive["rate"])
            case "map" if primitive["name"] == "relu":
                # In place where nobody else reads it, as torchvision's networks do.
                return nn.ReLU(inplace=layer["inputs"] != [0] and self.task.readers[layer["inputs"][0]] == 1)
            case "pool" if plain_pool(primitive):
                pool = nn.MaxPool2d if primitive["kind"] == "max" else nn.AvgPool2d
                return pool(primitive["kernel"], primitive["stride"], symmetric(primitive))
            case "join" | "pad" | "flatten":
                return None
        raise NotImplementedError(f"{layer['name']}: {primitive}")

    def apply_primitive(self, layer, primitive, inputs):
        match primitive:
            case {"op": "join", "kind": "add"}:
                return sum(inputs[1:], inputs[0])
            case {"op": "join", "kind": "concat"}:
                return torch.cat(inputs, 1)
            case {"op": "pad"}:
                top, left, bottom, right = sides(primitive)
                return F.pad(inputs[0], (left, right, top, bottom, 0, primitive["channels"]))
            case {"op": "flatten"}:
                return inputs[0].flatten(1)
        image = inputs[0].flatten(1) if primitive["op"] == "dense" else inputs[0]
        return self.parts[self.key(layer, primitive)](image)

    def forward(self, image):
        return self.task.run(image, self.apply_primitive)


def create_optimizer(task, model):
    """Weight decay where the task says so."""
    groups = {True: [], False: []}
    decays = {name.replace(".", "/"): each for name, each in {layer["name"]: layer for layer in task.layers}.items()}
    for name, parameter in model.parts.named_parameters():
        path, kind = name.rsplit(".", 1)
        owner = decays[path.rsplit("/", 1)[0]]
        groups[next(each["decay"] for each in owner["parameters"] if each["name"] == kind)].append(parameter)
    options = dict(task.optimizer["options"])
    decay = options.pop("weight_decay")
    split = [{"params": groups[True], "weight_decay": decay}, {"params": groups[False], "weight_decay": 0}]
    if task.optimizer["type"] == "sgd":
        return torch.optim.SGD(split, **options)
    assert task.optimizer["type"] == "adam"
    return torch.optim.Adam(split, lr=options["lr"], betas=(options["beta1"], options["beta2"]), eps=options["epsilon"])


task, work, threads, steps, variant = arguments()
torch.set_num_threads(threads)
torch.manual_seed(1)
memory_format = torch.contiguous_format if variant == "nchw" else torch.channels_last
images = torch.from_numpy(task.images()).contiguous(memory_format=memory_format)
labels = torch.from_numpy(task.labels).long()
model = Network(task).to(memory_format=memory_format).train(work == "training")
optimizer = create_optimizer(task, model)
if variant == "compile":
    if work == "inference":
        import torch._inductor.config
        torch._inductor.config.freezing = True
    run = torch.compile(model)
else:
    run = model


def train(index):
    batch = task.batch_at(index)
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(run(images[batch]), labels[batch])
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def infer(index):
    return run(images[task.batch_at(index)])


ABOUT = {"nchw": "eager, channels first", "channels_last": "eager, channels last", "compile": "torch.compile, channels last"}
serve(task, work, steps, f"PyTorch {torch.__version__}", ABOUT[variant], train if work == "training" else infer, lambda result: result.numpy())
