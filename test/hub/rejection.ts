import { UserError } from '../../src/errors.js';

/** The UserError that `work` ends in; anything else fails the test. */
export const failureOf = async (work: () => unknown): Promise<UserError> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it did not fail');
};
