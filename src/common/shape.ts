/** The shape of one image or feature map, without the batch: [channels, height, width]. A vector of n features is [n, 1, 1]. */
export interface Shape {
  channels: number;
  height: number;
  width: number;
}

export type Pair = readonly [height: number, width: number];

export interface Padding {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

export function sizeOf(shape: Shape): number {
  return shape.channels * shape.height * shape.width;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.channels === b.channels && a.height === b.height && a.width === b.width;
}

/** `16×28×28` (channels × height × width), or `50` for a vector. */
export function describeShape(shape: Shape): string {
  const { channels, height, width } = shape;
  return height === 1 && width === 1 ? `${channels}` : `${channels}×${height}×${width}`;
}
