/** One entry of a catalogue as completed: `{ adam: { lr: 0.001 } }` is `{ type: 'adam', options: { lr: 0.001, beta1: 0.9, ... } }`. */
export interface Entry {
  type: string;
  options: Record<string, unknown>;
}

/** The names in a list of entries: those given, else the type and its ordinal there: `conv1`, `conv2`; behind a digit `relu6_1`. */
export function namesOfEntries(entries: readonly { type: string; name?: string }[]): string[] {
  const ordinals = new Map<string, number>();
  return entries.map(({ type, name }) => {
    const ordinal = (ordinals.get(type) ?? 0) + 1;
    ordinals.set(type, ordinal);
    return name ?? `${type}${/\d$/.test(type) ? '_' : ''}${ordinal}`;
  });
}
