// Only syntax and modules that old Nodes know: they must get a sentence, not a SyntaxError.
const needed = [20, 12];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `amalgam needs Node ${needed.join('.')} or newer, and this is Node ${process.versions.node}.\n` +
      '  fix: install the current Node LTS, for example with `nvm install --lts`\n',
  );
  process.exitCode = 1;
} else {
  import('./setup/commands.mjs').then(({ run }) => run(process.argv.slice(2)));
}
