/**
 * Where service and agent of one user find each other unasked: `nova-agent/intake.sock` in the user's runtime folder
 * where the system has one, else below /tmp. Environment variables are not asked: the two are often started in
 * different ways.
 *
 * `exists` tells whether there is a folder; `uid` is the user's number.
 */
export function defaultIntakeSocket(uid: number, exists: (folder: string) => boolean): string {
  const runtime = `/run/user/${uid}`;
  return exists(runtime) ? `${runtime}/nova-agent/intake.sock` : `/tmp/nova-agent-${uid}/intake.sock`;
}
