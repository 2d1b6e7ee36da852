import { exitCodes, UserError } from '../errors.js';

export type FailureDescription = {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: number;
};

/** Any thrown value as the user should see it; what is not a UserError is a bug of ours. */
export const describeFailure = (error: unknown): FailureDescription => {
  if (error instanceof UserError) {
    return { code: error.code, message: error.message, hint: error.hint ?? null, exitCode: error.exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'bug',
    message: `amalgam made a mistake: ${message}`,
    hint: 'run it again with --debug and report what it prints',
    exitCode: exitCodes.bug,
  };
};
