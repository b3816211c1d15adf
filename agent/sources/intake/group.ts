import { readFile } from 'node:fs/promises';

/**
 * The number of a group, which may be given as such. Names are looked up in `/etc/group` as group(5) describes it;
 * rejects, with words for a person, when the name is not there.
 */
export async function groupNumber(group: string, file = '/etc/group'): Promise<number> {
  if (/^[0-9]{1,10}$/.test(group)) return Number(group);
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  for (const line of lines) {
    const [name, , gid] = line.split(':');
    if (name === group && gid !== undefined && /^[0-9]+$/.test(gid)) return Number(gid);
  }
  throw new Error(
    `there is no group ${JSON.stringify(group)} in ${file}; give its number if it is kept elsewhere`,
  );
}
