import { Box, Text } from 'ink';
import { memo } from 'react';

/** Lines that are already coloured and cut to width, one element each: nested elements cost three times the time. */
export const Lines = memo(({ lines, width }: { readonly lines: readonly string[]; readonly width: number }) => (
  <Box flexDirection="column" width={width} height={lines.length} flexShrink={0}>
    {lines.map((line, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
      <Text key={index} wrap="truncate">
        {line === '' ? ' ' : line}
      </Text>
    ))}
  </Box>
));
