// thumbnails: makes small copies of all PNG images of a folder. An image that cannot be read does not stop the others.
// Usage: node docs/examples/recipes/thumbnails.js FOLDER OUTPUT_FOLDER [width]
import { mkdirSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMainProcess, Pool } from 'aiomultiprocess';
import { PNG } from 'pngjs';

/** The task. Files are read and written in the process: between the processes travel only their names. */
export async function makeThumbnail(source, target, width) {
  const image = PNG.sync.read(await readFile(source));
  const thumbnail = shrink(image, Math.max(1, Math.ceil(image.width / width)));
  await writeFile(target, PNG.sync.write(thumbnail));
  return { width: thumbnail.width, height: thumbnail.height };
}

/** Each pixel is the mean of a square of `side` × `side` pixels. */
function shrink({ width, height, data }, side) {
  const small = new PNG({
    width: Math.max(1, Math.floor(width / side)),
    height: Math.max(1, Math.floor(height / side)),
  });
  for (let at = 0; at < small.data.length; at++) {
    const [pixel, channel] = [at >> 2, at & 3];
    const [left, top] = [(pixel % small.width) * side, Math.floor(pixel / small.width) * side];
    let sum = 0;
    let count = 0;
    for (let y = top; y < Math.min(top + side, height); y++) {
      for (let x = left; x < Math.min(left + side, width); x++, count++) sum += data[(y * width + x) * 4 + channel];
    }
    small.data[at] = sum / count;
  }
  return small;
}

if (isMainProcess) {
  const [, , from = '.', to = 'thumbnails', width = '160'] = process.argv;
  const names = readdirSync(from).filter((name) => name.endsWith('.png'));
  mkdirSync(to, { recursive: true });

  await Pool.using({ name: 'thumbnails' }, async (pool) => {
    const results = pool.starmap(
      makeThumbnail,
      names.map((name) => [join(from, name), join(to, name), Number(width)]),
      { timeout: 30_000 },
    );
    for await (const { index, status, value, reason } of results.outcomes()) {
      console.log(
        names[index],
        status === 'fulfilled' ? `${value.width} × ${value.height}` : `failed: ${reason.message}`,
      );
    }
  });
}
