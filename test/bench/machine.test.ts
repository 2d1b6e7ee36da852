import { expect, test } from 'vitest';
import { fileSystemOf } from '../../scripts/bench/machine.mjs';

const mounts = `/dev/vda / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
server:/data /data/fast\\040disk nfs4 rw 0 0
`;

test('a folder is in the file system that is mounted nearest above it', () => {
  expect(fileSystemOf('/home/me', mounts)).toBe('ext4');
  expect(fileSystemOf('/tmp', mounts)).toBe('tmpfs');
  expect(fileSystemOf('/tmp/models', mounts)).toBe('tmpfs');
  expect(fileSystemOf('/tmpfile', mounts)).toBe('ext4');
  expect(fileSystemOf('/data/fast disk/models', mounts)).toBe('nfs4');
  expect(fileSystemOf('/home/me', '')).toBeNull();
});
