/** How two experiments differ, as data: settings, totals, metrics, and every layer with what it became. */
import { alignNetworks } from '../network/alignment.ts';
import type { Aligned } from '../network/alignment.ts';
import type { LayerSummary } from '../network/summary.ts';
import { differences } from '../runs/differences.ts';
import type { Subject } from './subject.ts';

export interface Difference {
  before: Subject;
  after: Subject;
  /** Settings but those of layers, which stand in `layers`. */
  settings: readonly { path: string; before?: string; after?: string }[];
  figures: readonly Figure[];
  layers: readonly Aligned[];
}

/** A number of both; absent where a run has none, or a configuration. */
export interface Figure {
  name: string;
  before?: number;
  after?: number;
}

export function compareSubjects(before: Subject, after: Subject): Difference {
  const settings = [...differences([before.experiment, after.experiment]).filter(({ path }) => !/^model\.(layers|heads)/.test(path)), ...headSettings(before, after)];
  return {
    before,
    after,
    settings: settings.map(({ path, values: [first, second] }) => ({ path, ...(first === undefined ? {} : { before: first }), ...(second === undefined ? {} : { after: second }) })),
    figures: [...networkFigures(before, after), ...runFigures(before, after)],
    layers: alignNetworks(before.summary, after.summary),
  };
}

/** What is said of heads beside their layers. */
function headSettings(before: Subject, after: Subject): { path: string; values: (string | undefined)[] }[] {
  const heads = [before.experiment.model.heads, after.experiment.model.heads];
  const names = [...new Set(heads.flatMap((each) => Object.keys(each)))];
  const settings = names.flatMap((name) => (['from', 'weight'] as const).map((key) => ({ path: `model.heads.${name}.${key}`, values: heads.map((each) => each[name]?.[key]?.toString()) })));
  return settings.filter(({ values: [first, second] }) => first !== second);
}

function networkFigures(before: Subject, after: Subject): Figure[] {
  const figure = (name: string, value: (subject: Subject) => number): Figure => ({ name, before: value(before), after: value(after) });
  return [
    figure('layers', ({ summary }) => summary.layers.length),
    figure('parameters', ({ summary }) => summary.parameters),
    figure('multiply_adds', ({ summary }) => summary.multiplyAdds),
    figure('activation_bytes', ({ summary }) => summary.activationBytes),
  ];
}

/** Of runs: names as in summary.json. */
function runFigures(before: Subject, after: Subject): Figure[] {
  const metrics = ['train/loss', 'train/accuracy', 'validation/loss', 'validation/accuracy', 'test/loss', 'test/accuracy'] as const;
  const figure = (name: string, value: (subject: Subject) => number | undefined): Figure => {
    const [first, second] = [value(before), value(after)];
    return { name, ...(first === undefined ? {} : { before: first }), ...(second === undefined ? {} : { after: second }) };
  };
  const all = [
    ...metrics.map((name) => figure(name, ({ run }) => run?.summary?.last?.[name])),
    figure('best/test/accuracy', ({ run }) => run?.summary?.best?.['test/accuracy']),
    figure('epochs', ({ run }) => run?.summary?.epoch),
    figure('seconds', ({ run }) => run?.summary?.seconds),
    figure('images_per_second', ({ run }) => run?.summary?.images_per_second),
  ];
  return all.filter((each) => each.before !== undefined || each.after !== undefined);
}

/** After less before, of layers on either side. A layer that is not there has and costs nothing. */
export function changeOf({ before, after }: Aligned): { parameters: number; multiplyAdds: number; receptiveField?: readonly [number, number] } {
  const change = (value: (layer: LayerSummary) => number): number => (after ? value(after) : 0) - (before ? value(before) : 0);
  return {
    parameters: change((layer) => layer.parameters),
    multiplyAdds: change((layer) => layer.multiplyAdds),
    ...(before && after ? { receptiveField: [change((layer) => layer.receptiveField.size[0]), change((layer) => layer.receptiveField.size[1])] as const } : {}),
  };
}

/** Keys are stable. Layers that are the same are left out. */
export function differenceAsData({ before, after, settings, figures, layers }: Difference): unknown {
  return {
    before: before.label,
    after: after.label,
    settings,
    figures: Object.fromEntries(figures.map(({ name, ...values }) => [name, values])),
    layers: layers.filter(({ change }) => change !== 'same').map((each) => {
      const { parameters, multiplyAdds, receptiveField } = changeOf(each);
      return {
        change: each.change,
        ...(each.before ? { before: each.before.name } : {}),
        ...(each.after ? { after: each.after.name } : {}),
        type: (each.after ?? each.before)!.type,
        differences: each.differences,
        parameters,
        multiply_adds: multiplyAdds,
        ...(receptiveField ? { receptive_field: receptiveField } : {}),
      };
    }),
  };
}
