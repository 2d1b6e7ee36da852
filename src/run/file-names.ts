// Of four bytes at most, and with an ending, within the 255 bytes of a name.
const longest = 56;

/** Letters, digits and `._-` of a name; never empty, hidden, or a folder's own name. */
const safe = (name: string): string => {
  const kept = name.normalize('NFC').replaceAll(/[^\p{L}\p{N}._-]+/gu, '_');
  const cut = [...kept].slice(0, longest).join('');
  return cut.replace(/^\.+/, '_').replace(/\.+$/, '_') || '_';
};

/** Names of models or tasks as names of files, no two the same, not even where case does not count. */
export const fileNames = (names: readonly string[]): string[] => {
  const taken = new Set<string>();
  return names.map((name) => {
    const wanted = safe(name);
    let chosen = wanted;
    for (let number = 2; taken.has(chosen.toLowerCase()); number += 1) chosen = `${wanted}-${number}`;
    taken.add(chosen.toLowerCase());
    return chosen;
  });
};
