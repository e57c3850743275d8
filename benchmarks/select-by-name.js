/**
 * Applies `--only`: parts of names, comma-separated. A group that no part names is taken whole.
 *
 * @param {string | undefined} only
 * @param {Record<string, { name: string }[]>} groups
 * @returns {Record<string, any[]>}
 * @throws if a part is in no name
 */
export function selectByName(only, groups) {
  const parts = only?.split(',').map((part) => part.trim()) ?? [];
  const everything = Object.values(groups).flat();
  const isName = (part) => everything.some(({ name }) => name === part);
  // An exact name selects only itself: 'round-trip' is also a part of 'round-trip-pinned'.
  const isMeant = (part, { name }) => name === part || (!isName(part) && name.includes(part));
  const lost = parts.find((part) => !everything.some((one) => isMeant(part, one)));
  if (lost !== undefined) throw new Error(`no ${Object.keys(groups).join(' or ')} has '${lost}' in its name`);
  const pick = (all) => {
    const picked = all.filter((one) => parts.some((part) => isMeant(part, one)));
    return picked.length > 0 ? picked : all;
  };
  return Object.fromEntries(Object.entries(groups).map(([group, all]) => [group, pick(all)]));
}
