const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in decimal units with three significant digits: `2.20 GB`. */
export const formatBytes = (bytes: number): string => {
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < decimalUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 ? value.toFixed(0) : value.toPrecision(3);
  return `${bytes < 0 ? '-' : ''}${text} ${decimalUnits[unit]}`;
};

/** Seconds as people say them: `20 ms`, `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`. */
export const formatDuration = (seconds: number): string => {
  if (seconds < 0.095) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
};

/** A count with thin grouping: `1,234,567`. */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** Parameters of a model: `707 k`, `1.10 B`. */
export const formatParameters = (count: number): string => {
  const units = ['', ' k', ' M', ' B', ' T'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toPrecision(3)}${units[unit]}`;
};

/** A score in [0, 1] as a percentage with one decimal: `71.2`. */
export const formatScore = (score: number): string => (100 * score).toFixed(1);

/** `1 tensor`, `2 tensors`. */
export const plural = (count: number, noun: string): string => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Untrusted text made safe for a terminal: control, escape and bidirectional characters become visible. */
export const printable = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
