import { randomBytes, randomInt } from 'node:crypto';
import type { EpochSeconds } from '../../core/index.ts';

const process5 = randomBytes(5).toString('hex');
let counter = randomInt(0x1000000);

/**
 * A new document id: 24 hex digits, made as MongoDB makes its ObjectIds (4 bytes of time, 5 of this process, 3
 * counting), so that a store can move to MongoDB with its ids
 * (https://www.mongodb.com/docs/manual/reference/bson-types/#objectid).
 */
export function newObjectId(now: EpochSeconds): string {
  counter = (counter + 1) % 0x1000000;
  return hex(now % 0x100000000, 8) + process5 + hex(counter, 6);
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
