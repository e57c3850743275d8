/** Whether an import, or a require in the CommonJS form of the package, failed because a package is not installed. */
export function isNotInstalled(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    'code' in cause &&
    (cause.code === 'ERR_MODULE_NOT_FOUND' || cause.code === 'MODULE_NOT_FOUND')
  );
}
