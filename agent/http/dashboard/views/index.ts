import type { ComponentType } from 'preact';
import { AgentView } from './agent.tsx';
import { AlertsView } from './alerts.tsx';
import { ErrorsView } from './errors.tsx';
import { OverviewView } from './overview.tsx';
import { QueriesView } from './queries.tsx';
import { QueuesView } from './queues.tsx';
import { RoutesView } from './routes.tsx';
import { RulesView } from './rules.tsx';
import { UsersView } from './users.tsx';

export interface View {
  /** In the address, and the name of its icon. */
  readonly key:
    | 'overview'
    | 'routes'
    | 'queries'
    | 'queues'
    | 'errors'
    | 'users'
    | 'alerts'
    | 'rules'
    | 'agent';
  readonly title: string;
  readonly component: ComponentType;
}

/** In the order of the navigation. */
export const views: readonly View[] = [
  { key: 'overview', title: 'Overview', component: OverviewView },
  { key: 'routes', title: 'Routes', component: RoutesView },
  { key: 'queries', title: 'Queries', component: QueriesView },
  { key: 'queues', title: 'Queues', component: QueuesView },
  { key: 'errors', title: 'Errors', component: ErrorsView },
  { key: 'users', title: 'Users', component: UsersView },
  { key: 'alerts', title: 'Alerts', component: AlertsView },
  { key: 'rules', title: 'Rules', component: RulesView },
  { key: 'agent', title: 'Agent', component: AgentView },
];
