/** Whether `promise` settles within `milliseconds`. */
export const settlesWithin = async (promise: Promise<unknown>, milliseconds: number): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const settled = () => true;
  try {
    return await Promise.race([promise.then(settled, settled), expired]);
  } finally {
    clearTimeout(timer);
  }
};
