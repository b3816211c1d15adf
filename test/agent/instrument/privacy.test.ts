import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  cleanFrames,
  cleanMessage,
  cleanMethod,
  cleanName,
  cleanRoute,
  cleanTitle,
  withoutQuery,
} from '../../../agent/instrument/privacy.ts';
import { cleanQuery } from '../../../agent/instrument/sql-text.ts';

const cases: Readonly<Record<string, [(text: string) => string, readonly (readonly [string, string])[]]>> = {
  'a route': [
    cleanRoute,
    [
      ['/^\\/a(?:b|c)?$/', '/^\\/a(?:b|c)?$/'],
      ['/api/^\\/a(?<id>\\d+)#?$', '/api/^\\/a(?<id>\\d+)#?$'],
      ['/year/:year?/list', '/year/:year?/list'],
      ['/mail/ann@example.com', '[email]'],
    ],
  ],
  'an endpoint': [
    (text) => cleanRoute(withoutQuery(text)),
    [
      ['/contacts/:id', '/contacts/:id'],
      ['/contacts?email=a@b.com#top', '/contacts'],
      ['/contacts#access_token=x', '/contacts'],
      ['https://ann:pw@crm.example/contacts?x=1', 'https://crm.example/contacts'],
      ['//ann:p@ss@crm.example/contacts', '//crm.example/contacts'],
      ['/flights/:from-:to?/seats', '/flights/:from-:to?/seats'],
      ['/year/:year?', '/year/:year'],
      ['/x?/secret', '/x'],
      ['/^\\/(?:a|b)\\/(?<id>\\d+)$/i', '/^\\/(?:a|b)\\/(?<id>\\d+)$/i'],
      ['/users/ann@example.com/mail', '[email]/mail'],
      ['/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', '/reset/[token]'],
      ['/a\nb\0c\ud800', '/a b\ufffdc\ufffd'],
      ['/packages/lodash@4.17.21', '/packages/lodash@4.17.21'],
    ],
  ],
  'a method': [
    cleanMethod,
    [
      ['get', 'GET'],
      ['m-search', 'M-SEARCH'],
      ['x'.repeat(99), 'X'.repeat(32)],
    ],
  ],
  'a name': [
    cleanName,
    [
      ['chat message', 'chat message'],
      ['x'.repeat(999), 'x'.repeat(256)],
      [`${'x'.repeat(255)}😀`, 'x'.repeat(255)],
    ],
  ],
  'a title': [
    cleanTitle,
    [
      ['typing:ann@example.com', 'typing:[email]'],
      ['sync sk_live_4eC39HqLyjWDarjtT1', 'sync [token]'],
      ['x'.repeat(999), 'x'.repeat(256)],
    ],
  ],
  'a message': [
    cleanMessage,
    [
      ['Unexpected token d in JSON at position 0', 'Unexpected token in JSON at position 0'],
      [
        'bad body: Unexpected token \'a\', ..."x": "ann" bee"... is not valid JSON (again)',
        'bad body: Unexpected token, [value] is not valid JSON (again)',
      ],
      [`Unexpected token 'a', "${'ann '.repeat(900)}`, 'Unexpected token, [value]'],
      ["Unexpected token 'export'", "Unexpected token 'export'"],
      ['User ann.bee+x@mail.example.co.uk not found', 'User [email] not found'],
      ['to "ann bee"@example.com', 'to [email]'],
      ['ann%40example.com', '[email]'],
      ['connect postgres://ann:p@ss@db:5432/crm?sslmode=no', 'connect postgres://db:5432/crm'],
      ['GET https://x.example/a?token=1#frag failed', 'GET https://x.example/a failed'],
      ['?a=b', ''],
      ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def bad', 'jwt [token] bad'],
      ['Bearer abcdef', 'Bearer [token]'],
      ['Basic YW5uOnNlY3JldA==', 'Basic [token]'],
      ['Authorization: anything at all', 'Authorization: [secret]'],
      ['Cookie: sid=1; other=2', 'Cookie: [secret]'],
      ['{"password":"hunter2","n":1}', '{"password":[secret],"n":1}'],
      ['clientSecret=hunter2', 'clientSecret=[secret]'],
      ['invalid token: expired', 'invalid token: expired'],
      ['card 4111 1111 1111 1111 declined', 'card [card] declined'],
      ['card 4111-1111-1111-1111', 'card [card]'],
      ['1 378282246310005 x', '1 [card] x'],
      [
        'PrismaClientInitializationError in findManyContactsByOwner',
        'PrismaClientInitializationError in findManyContactsByOwner',
      ],
      ['my-very-long-name-of-a-package is missing', 'my-very-long-name-of-a-package is missing'],
      ['order 4111111111111112', 'order 4111111111111112'],
      ['key sk_live_4eC39HqLyjWDarjtT1', 'key [token]'],
      ['AKIAIOSFODNN7EXAMPLE', '[token]'],
      ['ghp_16C7e42F292c6912E7710c838347Ae178B4a', '[token]'],
      ['wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '[token]'],
      ['hash d41d8cd98f00b204e9800998ecf8427e', 'hash [token]'],
      ["Duplicate entry 'ann' for key 'users.name'", "Duplicate entry '[value]' for key 'users.name'"],
      ['Key (name)=(ann) already exists', 'Key (name)=([value]) already exists'],
      ['invalid input syntax for type integer: "ann"', 'invalid input syntax for type integer: [value]'],
      [
        '\nInvalid `prisma.user.create()` invocation in\n/a.ts:1:2\n\n  data: { name: "ann" }\n\nArgument `age` is missing.',
        'Invalid `prisma.user.create()` invocation: Argument `age` is missing.',
      ],
      [
        "Cannot read properties of undefined (reading 'foo')",
        "Cannot read properties of undefined (reading 'foo')",
      ],
      ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED 127.0.0.1:5432'],
      [
        'ENOENT: no such file, open /srv/crm/node_modules/some-package/dist/index.js',
        'ENOENT: no such file, open /srv/crm/node_modules/some-package/dist/index.js',
      ],
      ['Really? Yes', 'Really? Yes'],
      ['a\tb\r\nc\u0007\udc00', 'a b  c\ufffd\ufffd'],
      [`${'long '.repeat(100)}`, 'long '.repeat(40)],
      [`${'x '.repeat(90)}ann@example.com`, `${'x '.repeat(90)}[email]`],
    ],
  ],
  'a query': [
    cleanQuery,
    [
      ['select "secret val", "b" from dual', 'select ?, ? from dual'],
      ['insert into t select "alice private", 5', 'insert into t select ?, ?'],
      ['select "ann", a as "Name" from t where "bee" = b', 'select ?, a as "Name" from t where ? = b'],
      ['select trim(both "x" from "ann"), "bee"', 'select trim(both ? from ?), ?'],
      ['select "ann is from ", "bee"', 'select ?, ?'],
      ['select * from t where a is distinct from "ann"', 'select * from t where a is distinct from ?'],
      ['select "ann\\" from ","bee"', 'select ?'],
      ['update "t" set "a" = "ann" where "id" = $1', 'update "t" set "a" = ? where "id" = $1'],
      [
        'select t."n" from t where n in (select "n" from t)',
        'select t."n" from t where n in (select "n" from t)',
      ],
      [
        "select * from users\n where id = 42 and name = 'O''Brien' -- ann\n limit 10",
        'select * from users where id = ? and name = ? limit ?',
      ],
      ['select 1.5e-7, .5, 0xdeadBEEF, -3, a2, t1.c', 'select ?, ?, ?, -?, a2, t1.c'],
      ["select x'1F', N'a', E'b', B'01'", 'select ?, ?, ?, ?'],
      ['select $tag$ ann $x$ bee $tag$, $$ann$$, $1, :name, @p1', 'select ?, ?, $1, :name, @p1'],
      ['select /* a /* b */ ann */ 1 # ann\n, 2', 'select ? , ?'],
      [
        'select "id", "n" from "public"."User" where "age" > 3',
        'select "id", "n" from "public"."User" where "age" > ?',
      ],
      [
        'select * from t where "t"."name" = "ann" and n in ("bee", "cat")',
        'select * from t where "t"."name" = ? and n in (?, ?)',
      ],
      ['select `name` from `t` where concat("ann")', 'select `name` from `t` where concat(?)'],
      ['select * from t where x between "ann" and "bee"', 'select * from t where x between ? and ?'],
      ['insert into "User" ("id", "n") values ("ann", 2)', 'insert into "User" ("id", "n") values (?, ?)'],
      ["update t set a = 'b\\' , c = 'ann'", 'update t set a = ?'],
      ["select q'[it's ann]' from dual", 'select ?'],
      ["select 'ann", 'select ?'],
      ['select $$ann', 'select ?'],
      ["select data->>'ann', data #> 'bee', a::text", 'select data->>?, data #> ?, a::text'],
      ['db.users.find({name: "ann"})', 'db.users.find({name: ?})'],
      [`select ${'a, '.repeat(400)}`, `select ${'a, '.repeat(400)}`.slice(0, 500)],
    ],
  ],
  'a stack': [
    cleanFrames,
    [
      [
        'Error: x\n    at f (file:///srv/a.mjs?t=1:2:3)\n    at async g (/srv/b.js:4:5)',
        'at f (file:///srv/a.mjs:2:3)\nat async g (/srv/b.js:4:5)',
      ],
      [
        '    at data:text/javascript,ann:1:2\n    at h (data:text/javascript,ann:1:2)',
        'at data:\nat h (data:)',
      ],
      ['    at eval (eval at f (/srv/a.js:1:1), <anonymous>:1:2)', 'at eval (eval)'],
      [
        '    at home, said ann\n    at new Promise (<anonymous>)\n    at Promise.all (index 0)',
        'at new Promise (<anonymous>)\nat Promise.all (index 0)',
      ],
    ],
  ],
};

for (const [what, [clean, rows]] of Object.entries(cases)) {
  describe(`privacy of ${what}`, () => {
    for (const [given, cleaned] of rows) {
      test(`makes ${JSON.stringify(cleaned.slice(0, 50))} of ${JSON.stringify(given.slice(0, 50))}`, () => {
        assert.equal(clean(given), cleaned);
      });
    }
  });
}

/** The same numbers in every run. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('privacy', () => {
  test('lets nothing through of what JSON.parse was given', () => {
    const inputs = [
      'ann',
      '"ann',
      '{"a": ann}',
      '{"a" ann}',
      '[1,ann]',
      '{ann:1}',
      '"ann\u0001"',
      '"ann\\x"',
    ];
    for (const input of [...inputs, 'ann"', "'ann'", `${'[1], '.repeat(30)}ann`, { toString: () => 'ann' }]) {
      assert.throws(
        () => JSON.parse(input as string),
        ({ message }: Error) => {
          assert.doesNotMatch(cleanMessage(message), /ann/);
          return true;
        },
      );
    }
    assert.throws(
      () => JSON.parse({} as string),
      ({ message }: Error) => cleanMessage(message) === '[value] is not valid JSON',
    );
  });

  const roll = dice(7);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)]!;
  const bytes = (count: number) =>
    createHmac('sha512', `${roll(1e9)}`)
      .update('x')
      .digest()
      .subarray(0, count);
  const letters = (count: number) => bytes(count).toString('hex').replace(/\d/g, 'g').slice(0, count);

  /** A text, and the part of it that must not be seen. */
  const secrets: readonly (() => readonly [string, string])[] = [
    () => {
      const name = letters(8);
      return [`${name}@${letters(6)}.example`, name];
    },
    () => {
      const payload = Buffer.from(JSON.stringify({ sub: roll(1e9), name: letters(10) })).toString(
        'base64url',
      );
      const token = `eyJhbGciOiJIUzI1NiJ9.${payload}.${bytes(32).toString('base64url')}`;
      return [token, payload];
    },
    () => {
      const key = bytes(16 + roll(32)).toString('hex');
      return [key, key.slice(0, 12)];
    },
    () => {
      const key = bytes(24 + roll(24)).toString('base64');
      return [key, key.slice(4, 16)];
    },
    () => {
      const key = bytes(24).toString('base64url');
      return [`Bearer ${key}`, key.slice(4, 16)];
    },
    () => {
      const password = letters(10);
      return [
        pick([`password=${password}`, `"password": "${password}"`, `https://ann:${password}@h/`]),
        password,
      ];
    },
    () => {
      const value = letters(10);
      return [`/a/b?q=${value}&x=1`, value];
    },
    () => {
      const digits = [4, ...Array.from({ length: 14 }, () => roll(10))];
      const sum = digits.reduce((total, digit, i) => {
        const counted = (digits.length - i) % 2 === 1 ? digit * 2 : digit;
        return total + (counted > 9 ? counted - 9 : counted);
      }, 0);
      const card = [...digits, (10 - (sum % 10)) % 10].join('');
      const grouped = card.replace(/(\d{4})(?=\d)/g, `$1${pick(['', ' ', '-'])}`);
      return [grouped, grouped.slice(0, 10)];
    },
  ];

  test('lets no secret through, wherever in a message it is', () => {
    for (let i = 0; i < 20_000; i++) {
      const [text, secret] = pick(secrets)();
      const before = pick([
        '',
        'x ',
        'failed: ',
        '(',
        'é ',
        '"',
        "'",
        '\n',
        'a'.repeat(roll(300)).concat(' '),
      ]);
      const after = pick(['', ' x', ')', '"', '\n', ', y', ' 17']);
      const message = `${before}${text}${after}`;
      assert.ok(!cleanMessage(message).includes(secret), `${message} → ${cleanMessage(message)}`);
    }
  });

  test('lets no half of a secret through where a long message is cut', () => {
    const [text, secret] = ['4111 1111 1111 1111', '4111'];
    for (let at = 2000; at < 2060; at++) {
      const message = `${'https://a?x '.repeat(400)}`.slice(0, at) + text;
      assert.ok(!cleanMessage(message).includes(secret));
    }
  });

  test('lets no literal of a query through, in any quotes', () => {
    const quotes = [
      (text: string) => `'${text}'`,
      (text: string) => `E'${text}'`,
      (text: string) =>
        `$${pick(['', 'q', 'body'])}$${text}$${''}$`.replace(/^(\$\w*\$)(.*)\$\$$/s, '$1$2$1'),
      (text: string) => `/* ${text} */ 1`,
      (text: string) => `-- ${text}\n 1`,
      (text: string) => `'it\\'s ${text}'`,
      (text: string) => `'it''s ${text}'`,
    ];
    const starts = [
      'select * from t where a = ',
      'insert into t values (1, ',
      'update t set a = 5, b = ',
      'select a, ',
    ];
    for (let i = 0; i < 20_000; i++) {
      const secret = letters(12);
      const query = `${pick(starts)}${pick(quotes)(`${pick(['', 'x ', '"', '--', '/*'])}${secret}`)}${pick(['', ')', ' and x = 1', " and y = 'z'"])}`;
      assert.ok(!cleanQuery(query).includes(secret), `${query} → ${cleanQuery(query)}`);
    }
  });

  test('gives clean text of any bytes, no longer than allowed', () => {
    for (let i = 0; i < 3000; i++) {
      const text = randomBytes(roll(6000)).toString(pick(['latin1', 'utf8', 'utf16le']));
      for (const [clean, most] of [
        ...([
          [cleanMessage, 200],
          [cleanRoute, 512],
          [cleanName, 256],
          [cleanTitle, 256],
          [cleanQuery, 500],
        ] as const),
      ]) {
        const cleaned = clean(text);
        assert.ok(cleaned.length <= most);
        assert.doesNotMatch(cleaned, /[\p{Cc}\p{Cs}]/u);
      }
    }
  });
});
