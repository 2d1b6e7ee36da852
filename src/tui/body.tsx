import { Box } from 'ink';
import { memo } from 'react';
import { paintRow } from '../report/rows.js';
import { EvaluationView } from './evaluation-view.js';
import { FailureView } from './failure-view.js';
import { layoutOf, type Region } from './layout.js';
import { Lines } from './lines.js';
import { LogView } from './log-view.js';
import { MergeView } from './merge-view.js';
import { PlanView } from './plan-view.js';
import type { Size } from './screen.js';
import { stageLine } from './stage-line.js';
import type { DashboardState } from './state.js';
import type { Theme } from './theme.js';

type PanelProps = Region & { readonly state: DashboardState; readonly offset: number; readonly theme: Theme };

const Panel = ({ panel, state, ...place }: PanelProps) => {
  const { plan, merge, evaluation, scoreboard, failure, faults, log } = state;
  const { width, height, theme } = place;
  switch (panel) {
    case 'plan':
      return plan && <PlanView plan={plan} {...place} />;
    case 'merge':
      return (
        merge && (
          <MergeView merge={merge} predicted={plan?.peakMemory ?? null} width={width} height={height} theme={theme} />
        )
      );
    case 'evaluation':
      return <EvaluationView evaluation={evaluation} scoreboard={scoreboard} {...place} />;
    case 'failure':
      return <FailureView failure={failure} faults={faults} {...place} />;
    case 'log':
      return <LogView log={log} width={width} height={height} offset={null} theme={theme} />;
  }
};

type Props = {
  readonly state: DashboardState;
  readonly size: Size;
  readonly focus: Region['panel'];
  /** First row shown of the panel in focus. */
  readonly offset: number;
  readonly theme: Theme;
};

/** The stages of the run: one column of what matters now, or two columns of everything. */
export const Body = memo(({ state, size, focus, offset, theme }: Props) => {
  const { collapsed, columns } = layoutOf(state, size, theme);
  const lines = collapsed.map((stage) => paintRow(stageLine(stage, state, theme), theme, size.columns));
  return (
    <Box flexDirection="column">
      {lines.length > 0 && <Lines lines={lines} width={size.columns} />}
      <Box>
        {columns.map((regions) => (
          <Box key={regions[0]?.panel} flexDirection="column">
            {regions.map((region) => (
              <Panel
                key={region.panel}
                {...region}
                state={state}
                offset={region.panel === focus ? offset : 0}
                theme={theme}
              />
            ))}
          </Box>
        ))}
      </Box>
    </Box>
  );
});
