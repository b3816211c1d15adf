import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProcessCells, maxProcesses, processCell } from '../../../workers/contract/process-cells.ts';
import type { ProcessTarget } from '../../../workers/contract/tasks.ts';
import { claimRows, isStranger, noteIdentity } from '../../../workers/probes/process-rows.ts';

const crm: ProcessTarget = { name: 'crm', find: { by: 'port', port: 3000 } };
const jobs: ProcessTarget = { name: 'jobs', find: { by: 'match', text: 'jobs.js' } };

const named = (pid: number, startTicks: number, writtenMs = 0) => ({ pid, startTicks, writtenMs });
const restarts = (row: Float64Array | undefined) => row?.[processCell.RESTARTS];

test('the first process found is no restart; another pid or another start time is', () => {
  const row = claimRows([crm], createProcessCells())[0]!;
  noteIdentity(row, named(10, 500));
  assert.equal(restarts(row), 0);
  noteIdentity(row, named(10, 500));
  assert.equal(restarts(row), 0);
  noteIdentity(row, named(11, 900));
  assert.equal(restarts(row), 1);
  noteIdentity(row, named(11, 950));
  assert.equal(restarts(row), 2);
});

test('a start time within the tolerance is the same process, and does not drift along', () => {
  const row = claimRows([crm], createProcessCells())[0]!;
  noteIdentity(row, named(10, 1000), 500);
  noteIdentity(row, named(10, 1400), 500);
  assert.equal(row[processCell.START_TICKS], 1000);
  noteIdentity(row, named(10, 1600), 500);
  assert.equal(restarts(row), 1);
});

test('whoever has the pid of the one before is a stranger, unless it is named anew', () => {
  const row = claimRows([crm], createProcessCells())[0]!;
  assert.equal(isStranger(row, named(10, 500)), false, 'nobody was there');
  noteIdentity(row, named(10, 500, 7));
  assert.equal(isStranger(row, named(10, 500, 7)), false, 'the same process');
  assert.equal(isStranger(row, named(10, 900, 7)), true, 'the pid was given to another');
  assert.equal(isStranger(row, named(10, 900, 8)), false, 'the pid file was written since');
  assert.equal(isStranger(row, named(11, 900, 7)), false, 'another pid');
});

test('whoever takes over the cells still knows who was there', () => {
  const cells = createProcessCells();
  noteIdentity(claimRows([crm], cells)[0]!, named(10, 500));
  const row = claimRows([crm], cells)[0]!;
  noteIdentity(row, named(11, 900));
  assert.equal(restarts(row), 1);
});

test('a row follows its target when the plan changes', () => {
  const cells = createProcessCells();
  const [first, second] = claimRows([crm, jobs], cells);
  noteIdentity(first!, named(10, 500));
  noteIdentity(second!, named(20, 600));
  noteIdentity(second!, named(21, 700));
  const [jobsRow, otherRow] = claimRows([jobs, { name: 'other', find: { by: 'pid', pid: 10 } }], cells);
  assert.equal(jobsRow?.[processCell.PID], 21);
  assert.equal(restarts(jobsRow), 1);
  assert.equal(otherRow?.[processCell.PID], 0);
});

test('targets beyond the cells get no row', () => {
  const many = Array.from({ length: maxProcesses + 2 }, (_, i) => ({ ...crm, name: `p${i}` }));
  assert.equal(claimRows(many, createProcessCells()).length, maxProcesses);
});
