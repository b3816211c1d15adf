import { readFileSync } from 'node:fs';
import Database from 'libsql';
import { seededRandom } from './random.ts';

/** How many of each there are at the start; ids count from 1. */
export const seeded = { users: 50, companies: 60, contacts: 300, deals: 150, notes: 450 } as const;

export const stages = ['lead', 'offer', 'won', 'lost'] as const;

const firstNames =
  'Anna Ben Clara David Elif Farid Greta Hugo Ines Jonas Kaya Liam Mara Noah Olga Paul'.split(' ');
const lastNames = 'Bauer Costa Demir Eriksen Fischer Garcia Haas Ivanov Jansen Kowalski Lang Moretti'.split(
  ' ',
);
const towns = 'Aachen Berlin Cork Delft Essen Florence Ghent Hanover'.split(' ');
const trades = 'Tools Foods Textiles Energy Logistics Software'.split(' ');

/** Makes the tables and the same rows for the same seed; `file` must not exist. Takes some tens of milliseconds. */
export function makeDatabase(file: string, seed: number): void {
  const random = seededRandom(seed);
  const one = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!;
  const id = (of: keyof typeof seeded) => 1 + Math.floor(random() * seeded[of]);
  const person = () => `${one(firstNames)} ${one(lastNames)}`;
  const database = new Database(file);
  const insert = (count: number, sql: string, row: (number: number) => readonly (string | number)[]) => {
    const statement = database.prepare(sql);
    for (let number = 1; number <= count; number++) statement.run(...row(number));
  };
  database.exec(readFileSync(new URL('tables.sql', import.meta.url), 'utf8'));
  database.exec('BEGIN');
  insert(seeded.users, 'INSERT INTO User (name, email) VALUES (?, ?)', (n) => [person(), emailOfUser(n)]);
  insert(seeded.companies, 'INSERT INTO Company (name, city) VALUES (?, ?)', () => [
    `${one(lastNames)} ${one(trades)}`,
    one(towns),
  ]);
  insert(seeded.contacts, 'INSERT INTO Contact (name, email, phone, companyId) VALUES (?, ?, ?, ?)', (n) => [
    person(),
    `contact${n}@example.com`,
    `+49 30 ${100_000 + Math.floor(random() * 900_000)}`,
    id('companies'),
  ]);
  insert(
    seeded.deals,
    'INSERT INTO Deal (title, stage, amount, companyId, ownerId) VALUES (?, ?, ?, ?, ?)',
    (n) => [`Deal ${n}`, one(stages), 100 + Math.floor(random() * 50_000), id('companies'), id('users')],
  );
  insert(seeded.notes, 'INSERT INTO Note (text, dealId, authorId) VALUES (?, ?, ?)', (n) => [
    `Note ${n}: call back about ${one(trades).toLowerCase()}`,
    id('deals'),
    id('users'),
  ]);
  database.exec('COMMIT');
  database.close();
}

export function emailOfUser(id: number): string {
  return `user${id}@nova.example`;
}
