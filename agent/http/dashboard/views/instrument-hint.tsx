const lines = {
  http: 'app.use(monitor.express());',
  db: 'const prisma = new PrismaClient(…).$extends(monitor.prisma());',
} as const;

/** Said where a service tells nothing: what to add to it. */
export function InstrumentHint({
  what,
  line,
}: {
  readonly what: string;
  readonly line?: keyof typeof lines;
}) {
  const code = ["import { monitor } from 'nova-agent/instrument';", line && lines[line]]
    .filter(Boolean)
    .join('\n');
  return (
    <div class="hint">
      <p>No service tells the agent of its {what}. Let it load the library:</p>
      <pre>
        <code>{code}</code>
      </pre>
      <p>or start it unchanged with</p>
      <pre>
        <code>node --import nova-agent/register server.js</code>
      </pre>
    </div>
  );
}
