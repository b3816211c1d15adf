import type { RequestHandler } from 'express';
import { seeded } from './seed.ts';

/** Who asks: user and, where the client named one, session. */
export interface SignedIn {
  readonly id: number;
  readonly session: string;
}

declare global {
  namespace Express {
    interface Request {
      user?: SignedIn;
    }
  }
}

/** `user-17.s3` is user 17 in session s3; null for anything else. No secret: this is a demo. */
export function signedIn(token: unknown): SignedIn | null {
  const found = /^user-(\d{1,6})(?:\.(\w{1,32}))?$/.exec(String(token));
  const id = Number(found?.[1]);
  return found && id >= 1 && id <= seeded.users ? { id, session: found[2] ?? '' } : null;
}

/** Sets `request.user` from `Authorization: Bearer TOKEN`, and lets everybody pass. */
export const readUser: RequestHandler = (request, _, next) => {
  const user = signedIn(request.headers.authorization?.replace(/^Bearer /, ''));
  if (user) request.user = user;
  next();
};

/** Before a route that needs a user. */
export const needUser: RequestHandler = (request, response, next) => {
  if (request.user) next();
  else response.status(401).json({ error: 'sign in first' });
};
