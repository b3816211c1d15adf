import { io, type Socket } from 'socket.io-client';
import { faultKinds } from './faults.ts';
import { emailOfUser, seeded, stages } from './seed.ts';

type Random = () => number;

/** What a visitor does next, and how often of all. */
const acts: readonly [weight: number, act: (visitor: Visitor) => Promise<void>][] = [
  [30, (visitor) => visitor.listContacts()],
  [22, (visitor) => visitor.get(`/api/contacts/${visitor.contact()}`)],
  [9, (visitor) => visitor.get(`/api/companies/${visitor.pick('companies')}`)],
  [8, (visitor) => visitor.get(`/api/companies/${visitor.pick('companies')}/contacts`)],
  [8, (visitor) => visitor.get(`/api/deals?stage=${stages[visitor.below(stages.length)]}`)],
  [8, (visitor) => visitor.get(`/api/deals/${visitor.pick('deals')}/notes`)],
  [6, (visitor) => visitor.get(`/api/search?q=${'anbelo'.slice(visitor.below(5))}`)],
  [
    3,
    (visitor) =>
      visitor.send('PATCH', `/api/contacts/${visitor.contact()}`, { phone: `+49 ${visitor.below(1e6)}` }),
  ],
  [2, (visitor) => visitor.send('POST', '/api/contacts', visitor.newContact())],
  [
    2,
    (visitor) => visitor.send('POST', `/api/deals/${visitor.pick('deals')}/notes`, { text: 'Called back' }),
  ],
  [1, (visitor) => visitor.get('/api/reports/pipeline')],
  [0.6, (visitor) => visitor.get(`/api/contacts/${90_000 + visitor.below(1000)}`)],
  [0.5, (visitor) => visitor.send('POST', '/api/contacts', { name: 'Nobody' })],
  [0.4, (visitor) => visitor.get(['/wp-login.php', '/.env', '/favicon.ico'][visitor.below(3)]!)],
  [
    0.2,
    (visitor) =>
      visitor.get(`/api/demo/faults/${faultKinds[visitor.below(faultKinds.length)]}/${visitor.below(1e5)}`),
  ],
];
const allWeights = acts.reduce((sum, [weight]) => sum + weight, 0);

/** Somebody with a browser: signs in, looks around, chats, leaves, and comes back in a new session. */
export class Visitor {
  readonly #id: number;
  readonly #url: string;
  readonly #random: Random;
  #session = 0;
  #token = '';
  #socket: Socket | undefined;
  #page = 1;

  constructor(id: number, url: string, random: Random) {
    this.#id = id;
    this.#url = url;
    this.#random = random;
  }

  get isHere(): boolean {
    return this.#socket !== undefined;
  }

  /** Signs in and opens a socket, which reconnects by itself. */
  async come(): Promise<void> {
    this.#token = `user-${this.#id}.s${++this.#session}`;
    this.#socket = io(this.#url, { transports: ['websocket'], auth: { token: this.#token } });
    await this.send('POST', '/api/login', { email: emailOfUser(this.#id) });
  }

  leave(): void {
    this.#socket?.disconnect();
    this.#socket = undefined;
  }

  /** One request, and now and then a word over the socket. */
  async act(): Promise<void> {
    if (this.#random() < 0.25) this.#talk();
    let left = this.#random() * allWeights;
    for (const [weight, act] of acts) {
      left -= weight;
      if (left < 0) return act(this);
    }
  }

  async listContacts(): Promise<void> {
    this.#page = 1 + this.below(5);
    await this.get(`/api/contacts?page=${this.#page}`);
  }

  /** One of those on the page that was listed last. */
  contact(): number {
    return (this.#page - 1) * 20 + 1 + this.below(20);
  }

  pick(of: keyof typeof seeded): number {
    return 1 + this.below(seeded[of]);
  }

  below(most: number): number {
    return Math.floor(this.#random() * most);
  }

  newContact(): object {
    const name = `Visitor ${this.below(1e6)}`;
    const email = this.#random() < 0.1 ? 'contact1@example.com' : `${crypto.randomUUID()}@example.com`;
    return { name, email, companyId: this.pick('companies') };
  }

  get(path: string): Promise<void> {
    return this.send('GET', path);
  }

  /** Rejects when there is no answer. */
  async send(method: string, path: string, body?: object): Promise<void> {
    const answer = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    await answer.arrayBuffer();
  }

  #talk(): void {
    const dealId = this.pick('deals');
    const kind = this.#random();
    const socket = this.#socket;
    // It would keep what it cannot send, and send it all at once later.
    if (!socket?.connected) return;
    if (kind < 0.4) socket.emit('typing', dealId);
    else if (kind < 0.6) socket.emit('join', dealId, () => {});
    else if (kind < 0.9) socket.emit('chat', dealId, 'Who calls them back?', () => {});
    else socket.emit('find', 'an', () => {});
  }
}
