import { IDENTITY_PATTERN, shownValue } from '../../core/index.ts';
import { ServiceError } from './service-error.ts';

/*
 * A cursor is the place after one node: its identity in lower case, base64url. It names a place in the order of
 * identities, not a node, so a page goes on rightly after that node is gone.
 */

const IDENTITY = new RegExp(IDENTITY_PATTERN);
const CURSOR = /^[A-Za-z0-9_-]{2,340}$/;

/** The cursor of a node. */
export function cursorOf(identity: string): string {
  return Buffer.from(identity.toLowerCase(), 'latin1').toString('base64url');
}

/** The lower-case identity that a cursor stands for. Throws ServiceError `cursor_invalid`. */
export function identityOfCursor(cursor: string): string {
  const identity = CURSOR.test(cursor) ? Buffer.from(cursor, 'base64url').toString('latin1') : '';
  if (!IDENTITY.test(identity) || cursorOf(identity) !== cursor) {
    throw new ServiceError('cursor_invalid', `after is ${shownValue(cursor)}, no cursor of this service`, {
      field: 'after',
      value: shownValue(cursor),
    });
  }
  return identity;
}
