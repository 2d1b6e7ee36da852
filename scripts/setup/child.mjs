import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end and gives its exit code (null if it cannot be started) and output.
 * `output: 'inherit'` shows it instead. A signal to this process ends the child first, then this process.
 */
export const runChild = (command, args, { cwd, env = process.env, output = 'capture', shell = false }) =>
  new Promise((resolve) => {
    const stdio = output === 'inherit' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd, env, stdio, shell });
    const text = [];
    child.stdout?.on('data', (chunk) => text.push(chunk));
    child.stderr?.on('data', (chunk) => text.push(chunk));
    const stop = (signal) => {
      child.kill(signal);
      child.once('close', () => process.exit(128 + constants.signals[signal]));
    };
    for (const signal of forwarded) process.on(signal, stop);
    const finish = (code, error) => {
      for (const signal of forwarded) process.off(signal, stop);
      resolve({ code, text: Buffer.concat(text).toString('utf8'), error });
    };
    child.once('error', (error) => finish(null, error));
    child.once('close', (code) => finish(code ?? 1, undefined));
  });
