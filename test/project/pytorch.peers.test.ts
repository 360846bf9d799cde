/**
 * Weights travel: what `exp` saves, PyTorch loads under the same names, and computes the same logits from; and back.
 * Needs Python (`EXP_PYTHON`, else python3) with `pip install torch==2.13.0 safetensors numpy`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createModel, encodeTensors, loadExperiment, parseTensors } from '../../src/index.ts';
import type { Model } from '../../src/index.ts';

const imageCount = 7;
const program = `
import sys, torch
from torch import nn
from safetensors.torch import load_file, save_file

folder = sys.argv[1]
conv = lambda i, o, p=1: nn.Conv2d(i, o, 3, padding=p)
names = {"conv1": conv(1, 16), "conv2": conv(16, 16), "conv3": conv(16, 32), "conv4": conv(32, 32, 2), "conv5": conv(32, 64), "conv6": conv(64, 64),
         "dense1": nn.Linear(1024, 50), "dense2": nn.Linear(50, 10)}
model = nn.ModuleDict(names)

def forward(x):
    for a, b in [("conv1", "conv2"), ("conv3", "conv4"), ("conv5", "conv6")]:
        x = nn.functional.max_pool2d(model[b](model[a](x).relu()).relu(), 2)
    return model["dense2"](model["dense1"](x.flatten(1)).relu())

images = load_file(f"{folder}/images.safetensors")["images"]
model.load_state_dict(load_file(f"{folder}/ours.safetensors"), strict=True)
with torch.no_grad():
    ours = forward(images)
    torch.manual_seed(5)
    for parameter in model.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.05)
    save_file({"ours": ours, "theirs": forward(images)}, f"{folder}/logits.safetensors")
    save_file(model.state_dict(), f"{folder}/theirs.safetensors")
`;

let folder: string;
let model: Model;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'exp-peers-'));
  model = createModel(loadExperiment({ file: 'configs/deepconvnet.yaml' }).experiment, { threads: 2 });
});
afterAll(async () => {
  await model.close();
  rmSync(folder, { recursive: true, force: true });
});

test('the same logits from the same weights, saved by us and saved by PyTorch', async () => {
  const images = model.normalize(Uint8Array.from({ length: imageCount * 784 }, (_, i) => (i * 7919) % 256));
  writeFileSync(join(folder, 'images.safetensors'), Buffer.concat(encodeTensors(new Map([['images', { shape: [imageCount, 1, 28, 28], data: images }]]), {})));
  model.saveWeights(join(folder, 'ours.safetensors'));
  const done = spawnSync(process.env['EXP_PYTHON'] ?? 'python3', ['-c', program, folder], { encoding: 'utf8' });
  expect(done.status === 0 ? '' : done.stderr).toBe('');
  const { tensors: logits } = parseTensors(readFileSync(join(folder, 'logits.safetensors')));

  expectClose((await model.forward(images)).data, logits.get('ours')!.data);
  await model.loadWeights(join(folder, 'theirs.safetensors'));
  expectClose((await model.forward(images)).data, logits.get('theirs')!.data);
});

/** Both are float32 with sums in different orders, ours by way of Winograd: 1e-4 of the largest value. */
function expectClose(actual: Float32Array, expected: Float32Array): void {
  const largest = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...actual.map((value, i) => Math.abs(value - expected[i])));
  expect(worst / largest).toBeLessThan(1e-4);
}
