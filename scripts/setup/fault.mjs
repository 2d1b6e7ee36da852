/** A failure of the set-up that is shown as one sentence and a fix, without a stack. */
export class SetupFault extends Error {
  constructor(message, fix, exitCode = 1) {
    super(message);
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

const causes = [
  {
    pattern: /ENOSPC|no space left/i,
    message: 'the disk is full',
    fix: 'free about 500 MB on this disk, then run the same command again',
    exitCode: 8,
  },
  {
    pattern: /EROFS|EACCES|EPERM|permission denied|read-only file system/i,
    message: 'this folder cannot be written',
    fix: 'use a copy of the project that you own, then run the same command again',
    exitCode: 8,
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|ERR_SOCKET_TIMEOUT|network/i,
    message: 'the package registry cannot be reached',
    fix: 'check the network and proxy (`npm ping`), then run the same command again',
  },
  {
    pattern: /EUSAGE|can only install packages when your package\.json/i,
    message: 'package-lock.json does not belong to package.json',
    fix: 'npm install',
  },
  {
    pattern: /EINTEGRITY/,
    message: 'a downloaded package is damaged',
    fix: 'npm cache verify, then run the same command again',
  },
];

/** The fault behind the error text of npm, in words that the user can act on. */
export const explainNpmFailure = (text) => {
  const cause = causes.find(({ pattern }) => pattern.test(text));
  if (cause) return new SetupFault(`npm packages could not be installed: ${cause.message}`, cause.fix, cause.exitCode);
  const firstLine = text
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim())
    .find((line) => line !== '' && !line.startsWith('code '));
  return new SetupFault(`npm packages could not be installed: ${firstLine ?? 'npm gave no reason'}`, 'npm ci');
};
