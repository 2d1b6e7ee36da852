/** What a file that is not what its name promises really is, from its first bytes; undefined when they say nothing. */
export const contentKind = (start: Uint8Array): string | undefined => {
  const text = Buffer.from(start.subarray(0, 64)).toString('latin1');
  if (text.startsWith('version https://git-lfs')) {
    return 'it is a Git LFS pointer: run `git lfs pull` in its repository';
  }
  if (text.startsWith('GGUF')) return 'it is a GGUF file, which amalgam does not read';
  if (text.startsWith('PK\u0003\u0004')) return 'it is a zip archive, probably a PyTorch .bin file under another name';
  if (text.startsWith('\u001f\u008b')) return 'it is compressed with gzip: unpack it first';
  if (text.startsWith('\u0080') && text.charCodeAt(1) >= 2 && text.charCodeAt(1) <= 5) {
    return 'it is a Python pickle, probably a PyTorch .bin file under another name';
  }
  if (/^\s*<(!doctype|html)/i.test(text)) return 'it is a web page: the download went wrong';
  return undefined;
};
