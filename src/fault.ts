import { z } from 'zod';
import { type ExitCode, exitCodes } from './errors.js';

/** A fault or warning with its place in a file, lines and columns counted from 1. */
export const Fault = z.strictObject({
  severity: z.enum(['error', 'warning']),
  /** Stable name such as `unknown-key`. */
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
  file: z.string().nullable(),
  line: z.int().nullable(),
  column: z.int().nullable(),
  /** The source line, for the caret; null where there is no place. */
  source: z.string().nullable(),
  /** Characters to underline. */
  length: z.int().nullable(),
  /** Exit code that this fault alone would give. */
  exitCode: z.int(),
});
export type Fault = z.infer<typeof Fault>;

/** What is wrong, before its place is known. */
export type FaultDescription = {
  readonly severity?: Fault['severity'];
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly exitCode?: ExitCode;
};

/** A fault that belongs to a file, or to nothing, rather than to a line. */
export const faultWithoutPlace = (
  { severity = 'error', code, message, hint, exitCode = exitCodes.usage }: FaultDescription,
  file: string | null = null,
): Fault => ({
  severity,
  code,
  message,
  hint: hint ?? null,
  file,
  line: null,
  column: null,
  source: null,
  length: null,
  exitCode,
});

export const isError = (fault: Fault): boolean => fault.severity === 'error';

/** The exit code of a report: an invalid recipe wins, else the first error's own code. */
export const exitCodeOf = (faults: readonly Fault[]): number => {
  const codes = faults.filter(isError).map((fault) => fault.exitCode);
  return codes.includes(exitCodes.usage) ? exitCodes.usage : (codes[0] ?? exitCodes.ok);
};
