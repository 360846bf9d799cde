import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadExperiment } from '../../src/config/index.ts';
import { configHash, plainExperiment } from '../../src/runs/record.ts';

const configs = fileURLToPath(new URL('../../configs/', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'exp-record-'));

describe.each(readdirSync(configs).filter((name) => name.endsWith('.yaml')))('%s', (name) => {
  test('the completed configuration, loaded again elsewhere, is the same experiment: a run of it can be resumed', () => {
    const { experiment, completedYaml } = loadExperiment({ file: join(configs, name), environment: {} });
    const file = join(directory, name);
    writeFileSync(file, completedYaml);
    const again = loadExperiment({ file, environment: {} });
    expect(plainExperiment(again.experiment)).toEqual(plainExperiment(experiment));
    expect(configHash(plainExperiment(again.experiment))).toBe(configHash(plainExperiment(experiment)));
    expect(again.completedYaml).toBe(completedYaml);
  });
});

test('the record holds no places in files; the hash sees settings, not the name', () => {
  const { experiment } = loadExperiment({ file: join(configs, 'deepconvnet.yaml'), environment: {} });
  const plain = plainExperiment(experiment);
  expect(JSON.stringify(plain)).not.toMatch(/"(place|places|usedAt)"/);
  expect(configHash({ ...plain, name: 'other' })).toBe(configHash(plain));
  expect(configHash({ ...plain, seed: 2 })).not.toBe(configHash(plain));
  const [first, ...rest] = plain.model.layers;
  expect(configHash({ ...plain, model: { ...plain.model, layers: [{ ...first, options: { ...first.options, filters: 17 } }, ...rest] } })).not.toBe(configHash(plain));
});
