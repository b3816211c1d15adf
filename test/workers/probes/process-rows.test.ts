import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProcessCells, maxProcesses, processCell } from '../../../workers/contract/process-cells.ts';
import type { ProcessTarget } from '../../../workers/contract/tasks.ts';
import { claimRows, noteIdentity } from '../../../workers/probes/process-rows.ts';

const crm: ProcessTarget = { name: 'crm', find: { by: 'port', port: 3000 } };
const jobs: ProcessTarget = { name: 'jobs', find: { by: 'match', text: 'jobs.js' } };

const restarts = (row: Float64Array | undefined) => row?.[processCell.RESTARTS];

test('the first process found is no restart; another pid or another start time is', () => {
  const row = claimRows([crm], createProcessCells())[0]!;
  noteIdentity(row, 10, 500);
  assert.equal(restarts(row), 0);
  noteIdentity(row, 10, 500);
  assert.equal(restarts(row), 0);
  noteIdentity(row, 11, 900);
  assert.equal(restarts(row), 1);
  noteIdentity(row, 11, 950);
  assert.equal(restarts(row), 2);
});

test('a start time within the tolerance is the same process, and does not drift along', () => {
  const row = claimRows([crm], createProcessCells())[0]!;
  noteIdentity(row, 10, 1000, 500);
  noteIdentity(row, 10, 1400, 500);
  assert.equal(row[processCell.START_TICKS], 1000);
  noteIdentity(row, 10, 1600, 500);
  assert.equal(restarts(row), 1);
});

test('whoever takes over the cells still knows who was there', () => {
  const cells = createProcessCells();
  noteIdentity(claimRows([crm], cells)[0]!, 10, 500);
  const row = claimRows([crm], cells)[0]!;
  noteIdentity(row, 11, 900);
  assert.equal(restarts(row), 1);
});

test('a row follows its target when the plan changes', () => {
  const cells = createProcessCells();
  const [first, second] = claimRows([crm, jobs], cells);
  noteIdentity(first!, 10, 500);
  noteIdentity(second!, 20, 600);
  noteIdentity(second!, 21, 700);
  const [jobsRow, otherRow] = claimRows([jobs, { name: 'other', find: { by: 'pid', pid: 10 } }], cells);
  assert.equal(jobsRow?.[processCell.PID], 21);
  assert.equal(restarts(jobsRow), 1);
  assert.equal(otherRow?.[processCell.PID], 0);
});

test('targets beyond the cells get no row', () => {
  const many = Array.from({ length: maxProcesses + 2 }, (_, i) => ({ ...crm, name: `p${i}` }));
  assert.equal(claimRows(many, createProcessCells()).length, maxProcesses);
});
