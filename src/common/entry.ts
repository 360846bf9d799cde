/** One entry of a catalogue as completed: `{ adam: { lr: 0.001 } }` is `{ type: 'adam', options: { lr: 0.001, beta1: 0.9, ... } }`. */
export interface Entry {
  type: string;
  options: Record<string, unknown>;
}
