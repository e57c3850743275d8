/**
 * The URL of a file of the package, seen from the folder of this module.
 *
 * Bundling puts this module into a file of that same folder, in each form of the package.
 */
export function ownFile(path: string): URL {
  return new URL(path, import.meta.url);
}
