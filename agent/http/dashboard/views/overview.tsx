import { Chart } from '../parts/index.ts';
import { OverviewAlerts } from './overview-alerts.tsx';
import { overviewCharts } from './overview-charts.ts';
import { OverviewNumbers } from './overview-numbers.tsx';
import { OverviewParts } from './overview-parts.tsx';

/** Everything at a glance: the numbers of now, what is wrong, what is not known, and how it came to be. */
export function OverviewView() {
  return (
    <>
      <OverviewNumbers />
      <div class="overview-state">
        <OverviewAlerts />
        <OverviewParts />
      </div>
      <section class="charts" aria-label="Charts">
        {overviewCharts.map((chart) => (
          <Chart key={chart.title} {...chart} />
        ))}
      </section>
    </>
  );
}
