/** Turns an image about its centre. */
import { cos, sin } from '../common/math.ts';
import { choice, number, required } from '../common/options.ts';
import { defineAugmentation, fills } from './augmentation.ts';

const radiansPerDegree = 0.017453292519943295;

export const rotate = defineAugmentation({
  name: 'rotate',
  summary: 'Turns the image about its centre by a random angle.',
  options: {
    degrees: required(number({ about: 'Largest angle in degrees; the angle is uniform in ± this.', minimum: 0, maximum: 180 })),
    fill: choice(fills, { about: 'What comes in from outside: zero (black), reflect (mirrored at the edge), edge (the nearest pixel).', default: 'zero' }),
  },
  main: 'degrees',
  warp({ degrees, fill }, { height, width }, random) {
    const angle = random.between(-degrees, degrees) * radiansPerDegree;
    const cosine = cos(angle), sine = sin(angle);
    const centreX = (width - 1) / 2, centreY = (height - 1) / 2;
    return {
      // p' = centre + R (p - centre)
      affine: {
        a: cosine, b: -sine, c: centreX - cosine * centreX + sine * centreY,
        d: sine, e: cosine, f: centreY - sine * centreX - cosine * centreY,
      },
      fill,
    };
  },
});
