import type { Database } from './database.ts';

/** A bank that said no. */
class PaymentRefused extends Error {
  override readonly name = 'PaymentRefused';
}

interface Owner {
  readonly email: string;
}

/**
 * What goes wrong in this CRM, by kind. Each kind is one fault, whatever numbers, names and addresses its messages
 * carry; `id` varies them.
 */
export const faults: Readonly<Record<string, (id: number, database: Database) => unknown>> = {
  'missing-owner': (id) => emailOf(ownersById.get(id)),
  'bad-amount': (id) => checkAmount(id, -1.5 * id),
  'refused-payment': (id) => {
    throw new PaymentRefused(
      `payment ${uuidOf(id)} for invoice 2026-${id} was refused by 10.1.2.${id % 250}:8443`,
    );
  },
  'broken-import': (id) => JSON.parse(`{"contact": ${id}, "name": }`),
  'bounced-mail': (id) => {
    const cause = new Error(`550 mailbox of contact${id}@example.com is full`);
    throw new Error(`mail to contact${id}@example.com bounced`, { cause });
  },
  // The address of the first contact is taken.
  'taken-address': (id, database) =>
    database.contact.create({
      data: { name: `Contact ${id}`, email: 'contact1@example.com', phone: '', companyId: 1 },
    }),
};

export const faultKinds = Object.keys(faults);

const ownersById = new Map<number, Owner>();

function emailOf(owner: Owner | undefined): string {
  return (owner as Owner).email;
}

function checkAmount(dealId: number, amount: number): void {
  if (amount < 0) throw new RangeError(`amount ${amount} of deal ${dealId} is below zero`);
}

function uuidOf(id: number): string {
  return `6f1c0d2e-4b7a-4c1d-9e3f-${id.toString(16).padStart(12, '0')}`;
}
