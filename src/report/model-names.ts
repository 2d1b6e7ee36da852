import { displayWidth, inert, truncateStart } from './rows.js';

/** Names without the folders that all of them share. */
export const shortNames = (names: readonly string[]): string[] => {
  const parts = names.map((name) => inert(name).split('/'));
  const shortest = Math.min(...parts.map(({ length }) => length));
  let shared = 0;
  while (shared < shortest - 1 && parts.every((part) => part[shared] === parts[0]?.[shared])) shared += 1;
  return parts.map((part) => part.slice(shared).join('/'));
};

/** Names that fit: whole, or their last parts if those tell them apart, or their ends. */
export const fittingNames = (names: readonly string[], room: number, ellipsis: string): string[] => {
  const short = shortNames(names);
  if (short.every((name) => displayWidth(name) <= room)) return short;
  const lasts = short.map((name) => name.split('/').findLast((part) => part !== '') ?? name);
  const chosen = new Set(lasts).size === lasts.length ? lasts : short;
  return chosen.map((name) => truncateStart(name, room, ellipsis));
};
