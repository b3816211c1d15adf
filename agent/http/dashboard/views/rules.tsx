import { href, useAddress } from '../address.ts';
import { type Answer, getJson } from '../api.ts';
import { useData } from '../data.ts';
import { useEventCount } from '../live.ts';
import { Name, Panel, Stat, Table, Tabs } from '../parts/index.ts';
import { FilterBox } from './filter-box.tsx';
import { errorColumn, groupColumns, ruleColumns } from './rules-columns.tsx';
import { namedRule, type PlacedRule, placedRules, type RuleGroup } from './rules-data.ts';
import { RuleDetail } from './rules-detail.tsx';

const mostGroups = 1000;

/** What is watched for, whether it is evaluated, and what it would have done. */
export function RulesView() {
  const { params } = useAddress();
  const changes = useEventCount('alerts');
  const from = useData(
    (signal) => getJson<Answer<RuleGroup[]>>('/api/monitoring/rules', { limit: mostGroups }, signal),
    [changes],
    { everyMs: 10_000 },
  );
  const groups = from.data?.data ?? [];
  const rules = placedRules(groups);
  const open = params.rule === undefined ? undefined : namedRule(rules, params.rule);
  const tab = params.tab === 'groups' ? 'groups' : 'rules';
  return (
    <>
      {open && <RuleDetail placed={open} />}
      {params.rule !== undefined && !open && from.data && (
        <p class="note">
          There is no rule <Name text={params.rule} mono /> now: its file was changed since.
        </p>
      )}
      {!open && rules.length > 0 && <Summary rules={rules} />}
      <Tabs
        label="Rules"
        openKey={tab}
        tabs={[
          {
            key: 'rules',
            title: 'Rules',
            ...counted(from.data && rules.length),
            href: href({ params: { tab: null } }),
          },
          {
            key: 'groups',
            title: 'Groups',
            ...counted(from.data && groups.length),
            href: href({ params: { tab: 'groups' } }),
          },
        ]}
      />
      <Panel
        title={tab === 'groups' ? 'Groups' : 'Rules'}
        from={from}
        actions={
          rules.length > 0 && <FilterBox label={tab === 'groups' ? 'Filter groups' : 'Filter rules'} />
        }
        empty={from.data && rules.length === 0 && <NoRules />}
      >
        {tab === 'groups' ? (
          <Table
            caption="Groups of rules"
            columns={groupColumns}
            rows={groups}
            keyOf={({ file, name }) => `${file};${name}`}
            filter={params.filter ?? ''}
          />
        ) : (
          <Table
            caption="Rules in force"
            columns={
              rules.some(({ rule }) => rule.error !== '') ? [...ruleColumns, errorColumn] : ruleColumns
            }
            rows={rules}
            keyOf={({ group, key }) => `${group.file};${key}`}
            filter={params.filter ?? ''}
            hrefOf={({ key }) => href({ params: { rule: key } })}
            {...(open && { selectedKey: `${open.group.file};${open.key}` })}
          />
        )}
      </Panel>
    </>
  );
}

function counted(count: number | undefined) {
  return count === undefined ? {} : { count };
}

function NoRules() {
  return (
    <>
      <p>
        No rules are in force: nothing is watched for. Name their files in config/agent.yml, and check them:
      </p>
      <pre>{'rules: [config/rules/*.yml]\n\nnova-agent rules check'}</pre>
    </>
  );
}

function Summary({ rules }: { readonly rules: readonly PlacedRule[] }) {
  const alerting = rules.flatMap(({ rule }) => (rule.kind === 'alerting' ? [rule] : []));
  const count = (state: string) => alerting.filter((rule) => rule.state === state).length;
  const failing = rules.filter(({ rule }) => rule.health === 'err').length;
  const [slowest] = [...rules].sort((a, b) => b.rule.durationMs - a.rule.durationMs);
  const unknown = count('unknown');
  return (
    <div class="stats">
      <Stat
        label="Firing"
        value={count('firing')}
        unit="count"
        {...(count('firing') > 0 && { tone: 'critical' as const })}
        note={`of ${alerting.length} that alert`}
      />
      <Stat label="Pending" value={count('pending')} unit="count" note="their condition has yet to last" />
      <Stat
        label="Unknown"
        value={unknown}
        unit="count"
        {...(unknown > 0 && { tone: 'warning' as const })}
        note="nothing is known of them now"
      />
      <Stat
        label="Failing"
        value={failing}
        unit="count"
        {...(failing > 0 && { tone: 'warning' as const })}
        note="their evaluation ended in an error"
      />
      <Stat
        label="Slowest"
        value={slowest && slowest.rule.lastEvaluation !== null ? slowest.rule.durationMs : null}
        unit="ms"
        note={slowest && <Name text={slowest.rule.name} mono />}
      />
    </div>
  );
}
