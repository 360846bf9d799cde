"""PyTorch as a contender (bench/contender.ts).   python3 bench/peers/pytorch.py NETWORK THREADS STEPS LAYOUT

NETWORK: deepconvnet.  LAYOUT: nchw or channels_last.
pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu
"""
import json
import sys
import time

import torch
from torch import nn

network, threads, steps, layout = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(threads)
torch.manual_seed(1)
BATCHES_IN_MEMORY = 60


def conv(inputs, filters, padding=1):
    return [nn.Conv2d(inputs, filters, 3, padding=padding), nn.ReLU()]


def deepconvnet():
    """configs/deepconvnet.yaml, batch 100, Adam."""
    model = nn.Sequential(
        *conv(1, 16), *conv(16, 16), nn.MaxPool2d(2),
        *conv(16, 32), *conv(32, 32, 2), nn.MaxPool2d(2),
        *conv(32, 64), *conv(64, 64), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1024, 50), nn.ReLU(), nn.Dropout(0.5), nn.Linear(50, 10), nn.Dropout(0.5),
    )
    for layer in model:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model, torch.optim.Adam(model.parameters(), lr=0.001), 100, (1, 28, 28)


NETWORKS = {"deepconvnet": deepconvnet}


def stripes(count, shape, classes=10):
    """The images of bench/ours.ts: the row of the brightest stripe is the label."""
    labels = torch.arange(count) % classes
    images = torch.randint(0, 128, (count, *shape)).float()
    images[torch.arange(count), :, labels * shape[1] // classes, :] += 100
    return images / 255, labels


model, optimizer, batch, shape = NETWORKS[network]()
memory_format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
model = model.to(memory_format=memory_format)
model.train()
images, labels = stripes(batch * BATCHES_IN_MEMORY, shape)
images = images.to(memory_format=memory_format)
loss_function = nn.CrossEntropyLoss()
order = torch.randperm(len(images))
done = 0


def step(index):
    chosen = order[(index % BATCHES_IN_MEMORY) * batch:][:batch]
    optimizer.zero_grad(set_to_none=True)
    loss = loss_function(model(images[chosen].contiguous(memory_format=memory_format)), labels[chosen])
    loss.backward()
    optimizer.step()
    return loss


for warm_up in range(5):
    step(warm_up)
print(json.dumps({"ready": {"version": torch.__version__, "about": f"eager, {layout}"}}), flush=True)

for line in sys.stdin:
    if line.strip() != "round":
        break
    start = time.perf_counter()
    losses = [step(done + i) for i in range(steps)]
    total = torch.stack([each.detach() for each in losses]).mean().item()
    seconds = time.perf_counter() - start
    done += steps
    print(json.dumps({"seconds": seconds, "images": steps * batch, "loss": total}), flush=True)
