/** Edits (insert, delete, replace, swap neighbours) that turn `a` into `b`. */
const editDistance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const above = rows[i - 1] ?? [];
      const replace = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? Number.POSITIVE_INFINITY;
};

const normalise = (word: string) => word.toLowerCase().replaceAll('-', '_');

/** The candidate that `word` was probably meant to be, or undefined when none is close. */
export const nearest = (word: string, candidates: readonly string[]): string | undefined => {
  const wanted = normalise(word);
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(wanted, normalise(candidate)) }))
    .filter(
      ({ candidate, distance }) => distance <= Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3)),
    )
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
};

/** "did you mean `x`?", or a list of what is allowed when it is short, or nothing. */
export const suggestion = (word: string, candidates: readonly string[]): string | undefined => {
  const close = nearest(word, candidates);
  if (close !== undefined) return `did you mean \`${close}\`?`;
  return candidates.length > 0 && candidates.length <= 24 ? `one of: ${candidates.join(', ')}` : undefined;
};
