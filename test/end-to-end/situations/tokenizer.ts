import { bpe } from '../../tokenizer/folders.js';

export type TokenizerOptions = {
  /** Tokens added after the 320. */
  readonly added?: readonly string[];
  /** Words that merges build; left out: those of the base. */
  readonly words?: readonly string[];
};

/** The characters that byte-level BPE writes for the 256 bytes: printable ones stand for themselves. */
const alphabet = (): string[] => {
  const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 256 + others++));
};

const words = 'merge models weights tensors average the rivers question answer language checkpoints sparsity'.split(
  ' ',
);
export const otherWords = 'fusion gradient density spherical interpolate chunk vocabulary elections kernels'.split(' ');

const tokenCount = 318;

/** Each word's beginnings, letter by letter, until there are 318 tokens. */
const mergesOf = (built: readonly string[]): { tokens: string[]; merges: string[] } => {
  const tokens = alphabet();
  const merges: string[] = [];
  for (const word of built) {
    for (let end = 2; end <= word.length && tokens.length < tokenCount; end++) {
      const token = word.slice(0, end);
      if (tokens.includes(token)) continue;
      tokens.push(token);
      merges.push(`${word.slice(0, end - 1)} ${word[end - 1]}`);
    }
  }
  if (tokens.length !== tokenCount) throw new Error(`words for ${tokens.length} tokens of ${tokenCount}`);
  return { tokens, merges };
};

/** A byte-level BPE tokenizer of 320 tokens, two of them special, and the added ones. */
export const tokenizerFiles = ({ added = [], words: built = words }: TokenizerOptions = {}): Record<string, string> => {
  const { tokens, merges } = mergesOf(built);
  const more = {
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  };
  const config = { tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<s>', eos_token: '</s>' };
  return {
    'tokenizer.json': JSON.stringify(bpe({ vocab: tokens, merges, added: ['<s>', '</s>', ...added], more })),
    'tokenizer_config.json': JSON.stringify({ ...config, clean_up_tokenization_spaces: false }),
    'generation_config.json': JSON.stringify({ bos_token_id: 318, eos_token_id: 319 }),
  };
};
