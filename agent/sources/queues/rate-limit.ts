import type { BacklogReply } from './backlog-script.ts';

/** Worker.rateLimit sets the counter to the largest integer, cut by the script. */
const manualLimit = 1e9;

/**
 * Whether a rate limit keeps waiting jobs from being started: 1, 0, or NaN for not known.
 *
 * The limit is on record when it was set for the whole queue, or for some time by hand. One that is an option of the
 * workers is in no key: that their counter is there, jobs wait, and workers who could take them do not, says that it
 * is in force. They could when fewer jobs are active than workers are connected, or than once were (`mostActive`).
 */
export function holdsBack(
  { limitedStarts, limit }: Pick<BacklogReply, 'limitedStarts' | 'limit'>,
  active: number,
  workers: number,
  mostActive: number,
): number {
  if (limitedStarts < 0) return Number.NaN;
  if (limitedStarts === 0 || workers === 0) return 0;
  if (limitedStarts >= manualLimit) return 1;
  if (limit >= 0) return limitedStarts >= limit ? 1 : 0;
  const couldBeActive = Math.max(1, Number.isNaN(workers) ? 1 : workers, mostActive);
  return active < couldBeActive ? 1 : 0;
}
