const preRelease = /^[\d.]+\.?(?:a|b|rc|dev|alpha|beta)/;

const release = (version: string): readonly number[] =>
  (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? '0').split('.').map(Number);

/**
 * Orders two Python versions: the release numbers of PEP 440, with a pre-release before its release.
 * Local parts (`+cpu`) do not count.
 */
export const compareVersions = (left: string, right: string): number => {
  const [a, b] = [release(left), release(right)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(preRelease.test(right)) - Number(preRelease.test(left));
};

export const isAtLeast = (version: string, least: string): boolean => compareVersions(version, least) >= 0;
