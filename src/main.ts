import { CommanderError } from 'commander';
import type { CliContext } from './cli/context.js';
import { isInteractive } from './cli/context.js';
import { describeFailure } from './cli/failure.js';
import { createProgram } from './cli/program.js';
import { exitCodes } from './errors.js';
import { failureRows } from './report/failure.js';
import { paintRow } from './report/rows.js';
import { styleFor } from './report/style.js';

/** Parses the command line and runs the command; gives the exit code. */
const run = async (argv: readonly string[], context: CliContext): Promise<number> => {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(context, (code) => {
    exitCode = code;
  });
  if (argv.length === 0) {
    if (isInteractive(context)) {
      const { home } = await import('./cli/home.js');
      return home(context);
    }
    context.stdout.write(program.helpInformation());
    return exitCodes.usage;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const failure = describeFailure(error);
    const style = styleFor(context.stderr, context.env);
    for (const row of failureRows(failure)) context.stderr.write(`${paintRow(row, style)}\n`);
    if (argv.includes('--debug') && error instanceof Error) context.stderr.write(`${error.stack}\n`);
    return failure.exitCode;
  }
};

// A reader that goes away (`| head`) is not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
    throw error;
  });
}

const context: CliContext = {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
};

process.exit(await run(process.argv.slice(2), context));
