// Three steps on images of 8 MB, in a pool whose Buffers arrive as views of shared memory (with koffi), or as copies.
import { isMainProcess, Pool } from 'aiomultiprocess';

const WIDTH = 1920;
const HEIGHT = 1080;

/** Red, green, blue and opacity of each pixel. */
function drawImage(seed) {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 4);
  for (let at = 0; at < pixels.length; at++) pixels[at] = (at * seed) % 251;
  return pixels;
}

export async function toGray(pixels) {
  for (let at = 0; at < pixels.length; at += 4) {
    const gray = (pixels[at] * 77 + pixels[at + 1] * 150 + pixels[at + 2] * 29) >> 8;
    pixels[at] = pixels[at + 1] = pixels[at + 2] = gray;
  }
  return pixels;
}

export async function countShades(pixels) {
  const shades = new Uint32Array(256);
  for (let at = 0; at < pixels.length; at += 4) shades[pixels[at]]++;
  return shades;
}

if (isMainProcess) {
  const images = Array.from({ length: 6 }, (_, index) => drawImage(index + 3));
  await Pool.using({ sharedMemory: { views: true } }, async (pool) => {
    const grays = await pool.map(toGray, images);
    const histograms = await pool.map(countShades, grays);
    for (const [index, shades] of histograms.entries()) {
      const pixels = shades.reduce((sum, count) => sum + count, 0);
      console.log(`image ${index + 1}: ${pixels} pixels, ${shades.filter((count) => count > 0).length} shades`);
    }
  });
  // What was sent is as it was.
  console.log(`the first image is unchanged: ${images[0].equals(drawImage(3))}`);
}
