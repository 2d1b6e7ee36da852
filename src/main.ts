import { CommanderError } from 'commander';
import type { CliContext } from './cli/context.js';
import { isInteractive } from './cli/context.js';
import { createProgram } from './cli/program.js';
import { exitCodes } from './errors.js';

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
    const { tellFailure } = await import('./cli/tell-failure.js');
    return tellFailure(context, error, argv.includes('--debug'));
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
  // Python is told too.
  env: process.argv.includes('--debug') ? { ...process.env, AMALGAM_DEBUG: '1' } : process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
};

process.exit(await run(process.argv.slice(2), context));
