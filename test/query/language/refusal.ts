import { MusterError } from '../../../core/index.ts';

/** The error a call ends with; the test fails where it ends without or with another kind. */
export function refusal(call: () => unknown): MusterError {
  try {
    call();
  } catch (error) {
    if (error instanceof MusterError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
