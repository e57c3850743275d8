import { readFile } from 'node:fs/promises';
import { PNG } from 'pngjs';

/** The width and the height of the square of pixels that becomes one pixel. */
const BOX = 8;

export async function work(path) {
  const image = PNG.sync.read(await readFile(path));
  const thumbnail = PNG.sync.write(shrink(image));
  return { images: 1, pixels: image.width * image.height, bytes: thumbnail.length };
}

function shrink({ width, height, data }) {
  const small = new PNG({ width: Math.floor(width / BOX), height: Math.floor(height / BOX) });
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      for (let channel = 0; channel < 4; channel++) {
        let sum = 0;
        for (let row = y * BOX; row < (y + 1) * BOX; row++) {
          for (let column = x * BOX; column < (x + 1) * BOX; column++)
            sum += data[(row * width + column) * 4 + channel];
        }
        small.data[(y * small.width + x) * 4 + channel] = sum / (BOX * BOX);
      }
    }
  }
  return small;
}
