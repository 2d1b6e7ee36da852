/** The middle of the numbers, or the mean of the two in the middle; NaN of none. */
export const median = (numbers) => {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
};
