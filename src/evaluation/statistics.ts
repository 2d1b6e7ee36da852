export const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Variance of the mean of a sample (unbiased); null for fewer than two values. */
export const varianceOfMean = (values: readonly number[]): number | null => {
  if (values.length < 2) return null;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return squares / (values.length - 1) / values.length;
};

/** A mean with its standard error, null where that is unknown. */
export type Estimate = { readonly value: number; readonly error: number | null };

export const estimateOf = (values: readonly number[]): Estimate => {
  const variance = varianceOfMean(values);
  return { value: mean(values), error: variance === null ? null : Math.sqrt(variance) };
};

/** Element by element `a - b` of two samples over the same examples; null where they are not that, or empty. */
export const differences = (a: readonly number[], b: readonly number[]): number[] | null =>
  a.length === 0 || a.length !== b.length ? null : a.map((value, index) => value - (b[index] ?? Number.NaN));

/** The mean of estimates of one weight each that share no examples; null of none. */
export const meanOfEstimates = (estimates: readonly Estimate[]): Estimate | null => {
  if (estimates.length === 0) return null;
  const errors = estimates.flatMap(({ error }) => error ?? []);
  return {
    value: mean(estimates.map(({ value }) => value)),
    error: errors.length < estimates.length ? null : Math.hypot(...errors) / estimates.length,
  };
};

/**
 * The ratio of two paired samples' means with its standard error by the delta method: that of the mean of
 * `(numerator - ratio * denominator) / mean(denominator)`.
 */
export const ratioOfMeans = (numerators: readonly number[], denominators: readonly number[]): Estimate => {
  const divisor = mean(denominators);
  const value = mean(numerators) / divisor;
  const rest = numerators.map(
    (numerator, index) => (numerator - value * (denominators[index] ?? Number.NaN)) / divisor,
  );
  return { value, error: estimateOf(rest).error };
};
