/** Exit codes are a contract with scripts; `amalgam help exit-codes` prints this table. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  incomplete: 3,
  authentication: 4,
  notFound: 5,
  incompatible: 6,
  integrity: 7,
  noSpace: 8,
  outOfMemory: 9,
  locked: 11,
  bug: 70,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export type UserErrorOptions = {
  /** Stable, machine-readable name such as `output-not-empty`. */
  readonly code: string;
  /** What happened and where, with the offending value. */
  readonly message: string;
  /** What to type or change to get on. */
  readonly hint?: string | undefined;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
};

/** A failure that the user can act on; shown without a stack trace. */
export class UserError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor({ code, message, hint, exitCode = exitCodes.failed, cause }: UserErrorOptions) {
    super(message, { cause });
    this.name = 'UserError';
    this.code = code;
    this.hint = hint;
    this.exitCode = exitCode;
  }
}
