import type { Caller } from '../core/index.ts';

/** The way a message came, as far as its judgement depends on it. Plain data: dead letters keep it. */
export type Origin =
  | {
      readonly via: 'stomp';
      /** Where it was sent; the message names the same. */
      readonly destination: string;
      /** Who the connection proved to be, for the log: `node=db1.acme.net`, `anonymous`. */
      readonly peer?: string;
    }
  | {
      readonly via: 'http';
      readonly caller: Caller;
      /** Which of a request's registrations it was, from 1. */
      readonly line?: number;
    };
