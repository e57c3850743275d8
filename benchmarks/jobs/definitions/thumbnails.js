import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../../random.js';
import { scaleCount } from '../input.js';

const IMAGES = 40;
const WIDTH = 1_280;
const HEIGHT = 960;

/** @type {import('../index.js').Job} */
export default {
  name: 'thumbnails',
  title: 'thumbnails of PNG images',
  about: `reads generated images of ${WIDTH} × ${HEIGHT} pixels (seed 1) with pngjs, averages squares of 8 × 8 pixels, and writes PNG`,
  libraries: ['pngjs'],

  async prepare({ folder, scale }) {
    const { PNG } = await import('pngjs');
    const random = createRandom(1);
    const paths = [];
    for (let index = 0; index < scaleCount(IMAGES, scale); index++) {
      const path = join(folder, `${index}.png`);
      await writeFile(path, PNG.sync.write(drawImage(PNG, random), { deflateLevel: 3 }));
      paths.push(path);
    }
    return paths;
  },
};

/** A gradient with a little noise: a photo compresses about as well. */
function drawImage(PNG, random) {
  const image = new PNG({ width: WIDTH, height: HEIGHT });
  const [red, green, blue] = [random(), random(), random()];
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, at += 4) {
      const noise = random() * 16;
      image.data[at] = (x / WIDTH) * 200 * red + noise;
      image.data[at + 1] = (y / HEIGHT) * 200 * green + noise;
      image.data[at + 2] = ((x + y) / (WIDTH + HEIGHT)) * 200 * blue + noise;
      image.data[at + 3] = 255;
    }
  }
  return image;
}
