import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const project = fileURLToPath(new URL('../..', import.meta.url));
let root: string;

const write = (path: string, text: string): string => {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};

const main = 'console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd() }));\n';

/** A compiler as far as the script can tell, in milliseconds: it copies, and complains about what is marked wrong. */
const compiler = `const { cpSync, readdirSync, readFileSync } = require('node:fs');
const out = process.argv[process.argv.indexOf('--outDir') + 1];
for (const name of readdirSync('src')) {
  if (readFileSync('src/' + name, 'utf8').includes('wrong')) {
    console.log('src/' + name + '(1,14): error TS2322: wrong');
    process.exit(1);
  }
  cpSync('src/' + name, out + '/' + name.replace('.ts', '.js'));
}`;

/** A bundler as far as the script can tell: it copies the entry. */
const bundler = `import { cpSync } from 'node:fs';
export const rolldown = async ({ input }) => ({
  write: async ({ dir }) => cpSync(input, dir + '/main.js'),
  close: async () => {},
});`;

/** A checkout with the project's scripts, one source file, and a compiler and a bundler as its packages. */
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'amalgam-bootstrap-')));
  cpSync(join(project, 'scripts'), join(root, 'scripts'), { recursive: true });
  write('node_modules/typescript/package.json', '{"version":"5.0.0"}');
  write('node_modules/typescript/bin/tsc', compiler);
  write('node_modules/rolldown/package.json', '{"version":"1.0.0","type":"module","exports":"./index.js"}');
  write('node_modules/rolldown/index.js', bundler);
  write('package.json', '{"type":"module"}');
  const packages = {
    '': {},
    'node_modules/typescript': { version: '5.0.0' },
    'node_modules/rolldown': { version: '1.0.0' },
  };
  write('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages }));
  write('tsconfig.json', '{}');
  write('src/main.ts', main);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const environment = (changes: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const { INIT_CWD: _cwd, npm_execpath: _npm, ...env } = process.env;
  return { ...env, ...changes };
};

const run = (args: readonly string[], changes: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [join(root, 'scripts/run.mjs'), ...args], {
    cwd: root,
    env: environment(changes),
    encoding: 'utf8',
  });

/** A stand-in for npm: writes what it was given and ends as told. */
const fakeNpm = (text: string, code: number): string => {
  write('fake/package.json', '{"type":"commonjs"}');
  return write(
    'fake/npm-cli.js',
    `require('fs').writeFileSync(${JSON.stringify(join(root, 'npm.json'))}, JSON.stringify({ args: process.argv.slice(2), env: process.env }));
process.stderr.write(${JSON.stringify(text)});
process.exit(${code});`,
  );
};

describe('the bootstrap script', () => {
  it('sets up once, says so on stderr, and is silent the second time', () => {
    const first = run(['start', 'plan', 'x.yml']);
    expect(first.stderr).toMatch(/^setup {2}packages +found \(\d+\.\d s\)\nsetup {2}build +compiled \(\d+\.\d s\)\n$/);
    expect(JSON.parse(first.stdout)).toEqual({ args: ['plan', 'x.yml'], cwd: root });
    const second = run(['start', '--', 'plan', 'x.yml']);
    expect(second.stderr).toBe('');
    expect(second.stdout).toBe(first.stdout);
  });

  it('resolves what the user typed against the folder that npm was called from, and runs the demonstration in its own', () => {
    const elsewhere = join(root, 'elsewhere');
    mkdirSync(elsewhere);
    expect(JSON.parse(run(['start', 'methods'], { INIT_CWD: elsewhere }).stdout).cwd).toBe(elsewhere);
    const demonstration = JSON.parse(run(['start'], { INIT_CWD: elsewhere }).stdout);
    expect(demonstration.cwd).toBe(root);
    expect(demonstration.args.slice(0, 3)).toEqual(['merge', 'configs/recipes/zoo/ties.yml', 'out/zoo-ties']);
  });

  it('builds again when a source changes, leaving nothing of a source that went', () => {
    write('src/old.ts', 'export const old = 1;\n');
    run(['start']);
    expect(existsSync(join(root, 'dist/old.js'))).toBe(true);
    rmSync(join(root, 'src/old.ts'));
    const again = run(['start']);
    expect(again.stderr).toMatch(/^setup {2}build +compiled/);
    expect(existsSync(join(root, 'dist/old.js'))).toBe(false);
  });

  it('says what does not compile and keeps the last build', () => {
    run(['start']);
    write('src/main.ts', 'export const wrong = 1;\n');
    const failed = run(['start']);
    expect(failed.status).toBe(1);
    expect(failed.stderr).toMatch(/src\/main\.ts\(1,14\): error TS2322/);
    expect(failed.stderr).not.toMatch(/\n\s+at /);
    expect(readFileSync(join(root, 'dist/main.js'), 'utf8')).toContain('process.argv');
  });

  it('says what cannot be bundled and keeps the last build', () => {
    run(['start']);
    write('node_modules/rolldown/index.js', "export const rolldown = async () => { throw new Error('no binding'); };");
    write('src/main.ts', `// changed\n${main}`);
    const failed = run(['start']);
    expect(failed.status).toBe(1);
    expect(failed.stderr).toMatch(/cannot be bundled: no binding\n {2}fix: npm ci/);
    expect(failed.stderr).not.toMatch(/\n\s+at /);
    expect(readFileSync(join(root, 'dist/program/main.js'), 'utf8')).toBe(main);
  });

  it('installs packages that the lock file asks for, with a clean environment for npm', () => {
    rmSync(join(root, 'node_modules/typescript'), { recursive: true });
    const npm = fakeNpm('npm error code ENOTFOUND\nnpm error network request failed\n', 1);
    const changes = {
      npm_execpath: npm,
      npm_config_loglevel: 'silly',
      npm_config_registry: 'http://r',
      NODE_ENV: 'production',
    };
    const { status, stderr } = run(['start'], { ...changes, INIT_CWD: '/tmp' });
    expect(status).toBe(1);
    expect(stderr).toContain('npm packages could not be installed: the package registry cannot be reached');
    expect(stderr).toMatch(/\n {2}fix: /);
    const { args, env } = JSON.parse(readFileSync(join(root, 'npm.json'), 'utf8'));
    expect(args).toEqual(expect.arrayContaining(['ci', '--include=dev', '--ignore-scripts']));
    expect(env.npm_config_registry).toBe('http://r');
    for (const name of ['npm_config_loglevel', 'npm_execpath', 'INIT_CWD', 'NODE_ENV'])
      expect(env).not.toHaveProperty(name);
  });

  it.each([
    ['npm error code ENOSPC\nnpm error nospc\n', 8, /disk is full/],
    ['npm error code EACCES\n', 8, /cannot be written/],
    ['npm error code EUSAGE\n', 1, /does not belong to package\.json/],
    ['npm error code E999\nnpm error something odd\n', 1, /something odd/],
  ])("explains npm's %j", (text, code, message) => {
    rmSync(join(root, 'node_modules/typescript'), { recursive: true });
    const { status, stderr } = run(['start'], { npm_execpath: fakeNpm(text, 1) });
    expect(status).toBe(code);
    expect(stderr).toMatch(message);
  });

  it('says that npm is missing', () => {
    rmSync(join(root, 'node_modules/typescript'), { recursive: true });
    const { status, stderr } = run(['start'], { PATH: root });
    expect(status).toBe(1);
    expect(stderr).toContain('npm is not on the PATH');
  });

  it('names its commands when it gets another', () => {
    const { status, stderr } = run(['dance']);
    expect(status).toBe(2);
    expect(stderr).toContain('start|test|bench|parity|optional|setup');
  });

  it('lets a signal reach the program', async () => {
    write(
      'src/main.ts',
      'process.on("SIGTERM", () => process.exit(77));\nconsole.log("ready");\nsetInterval(() => {}, 1e6);\n',
    );
    const child: ChildProcess = spawn(process.execPath, [join(root, 'scripts/run.mjs'), 'start'], {
      cwd: root,
      env: environment({}),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (child.stdout) await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(77);
  });

  it('does not set up the same folder twice at once', async () => {
    const both = await Promise.all(
      [0, 1].map(async () => {
        const child = spawn(process.execPath, [join(root, 'scripts/run.mjs'), 'start'], {
          cwd: root,
          env: environment({}),
        });
        let stderr = '';
        child.stderr.on('data', (chunk) => {
          stderr += chunk;
        });
        const [code] = await once(child, 'close');
        return { code, stderr };
      }),
    );
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.filter(({ stderr }) => stderr.includes('compiled'))).toHaveLength(1);
  });
});

describe('the amalgam program', () => {
  it('says how to build it if it is not built', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/amalgam.mjs')], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('npm run build');
  });
});
