/**
 * The URL of a file of the package, relative to the folder `lib`.
 *
 * In each form of the package, the bundle with this module is in that folder.
 */
export function ownFile(path: string): URL {
  return new URL(path, import.meta.url);
}
