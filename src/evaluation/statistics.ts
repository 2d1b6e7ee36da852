export const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Variance of the mean of a sample (unbiased); 0 for fewer than two values. */
export const varianceOfMean = (values: readonly number[]): number => {
  if (values.length < 2) return 0;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return squares / (values.length - 1) / values.length;
};

/** Element by element `a - b` of two samples over the same examples. */
export const differences = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((value, index) => value - (b[index] ?? Number.NaN));

/** A mean over tasks of task means, with its standard error, tasks being independent samples of one weight each. */
export const meanOverTasks = (samples: readonly (readonly number[])[]): { mean: number; standardError: number } => ({
  mean: mean(samples.map(mean)),
  standardError: Math.sqrt(samples.reduce((sum, sample) => sum + varianceOfMean(sample), 0)) / samples.length,
});
