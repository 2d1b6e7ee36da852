import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const metadata = (name: string, version: string, requires: readonly string[] = []): string =>
  [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    ...requires.map((one) => `Requires-Dist: ${one}`),
    '',
  ].join('\n');

const sitePackages = (environment: string): string => {
  const version = readdirSync(join(environment, 'lib')).find((name) => name.startsWith('python'));
  return join(environment, 'lib', version ?? '', 'site-packages');
};

/** Puts a tiny torch, complete as an installed distribution, into an environment. */
export const installFakeTorch = (environment: string, version: string): void => {
  const site = sitePackages(environment);
  const information = join(site, `torch-${version}.dist-info`);
  mkdirSync(join(site, 'torch'), { recursive: true });
  mkdirSync(information, { recursive: true });
  const files: readonly (readonly [string, string])[] = [
    [join(site, 'torch/__init__.py'), 'from torch.version import __version__\n'],
    [join(site, 'torch/version.py'), `__version__ = '${version}'\ncuda: object = None\nhip: object = None\n`],
    [join(information, 'METADATA'), metadata('torch', version)],
    [join(information, 'INSTALLER'), 'pip\n'],
    [
      join(information, 'RECORD'),
      [
        'torch/__init__.py',
        'torch/version.py',
        ...['METADATA', 'INSTALLER', 'RECORD'].map((name) => `torch-${version}.dist-info/${name}`),
      ]
        .map((name) => `${name},,\n`)
        .join(''),
    ],
  ];
  for (const [file, text] of files) writeFileSync(file, text);
};

export const makeVirtualEnvironment = (python: string, folder: string, flags: readonly string[]): string => {
  execFileSync(python, ['-I', '-m', 'venv', ...flags, folder]);
  return join(folder, 'bin/python3');
};

const wheelMaker = `
import sys, zipfile
path, name, version, metadata, tag = sys.argv[1:]
info = f"{name}-{version}.dist-info"
files = {
    f"{name}/__init__.py": f"version = {version!r}\\n",
    f"{info}/METADATA": metadata,
    f"{info}/WHEEL": f"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: {tag}\\n",
}
files[f"{info}/RECORD"] = "".join(f"{entry},,\\n" for entry in [*files, f"{info}/RECORD"])
with zipfile.ZipFile(path, "w") as archive:
    for entry, text in files.items():
        archive.writestr(entry, text)
`;

export type WheelOptions = { readonly name: string; readonly version: string; readonly requires?: readonly string[] };

/** Writes a wheel of a package with one line, so that pip needs no network. */
export const makeWheel = (python: string, folder: string, { name, version, requires }: WheelOptions): void => {
  const tag = 'py3-none-any';
  const path = join(folder, `${name}-${version}-${tag}.whl`);
  execFileSync(python, ['-I', '-c', wheelMaker, path, name, version, metadata(name, version, requires), tag]);
};

/** A digest of every file, link and folder below a folder, by name and content. */
export const contentDigest = (folder: string): string => {
  const hash = createHash('sha256');
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
  for (const { entry, path } of entries) {
    hash.update(`${path}\0`);
    if (entry.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (entry.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
};
