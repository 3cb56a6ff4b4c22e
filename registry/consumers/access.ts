import { type Caller, type Role, roleAllows } from '../../core/index.ts';
import { RegistryError } from '../errors.ts';

/**
 * The caller, where its role allows what is needed. The service checks too; a route that writes relies on nobody.
 * @throws RegistryError `token_missing`, `token_forbidden`.
 */
export function requireCaller(caller: Caller | undefined, needs: Role): Caller {
  if (caller === undefined || caller.callerid.startsWith('anonymous=')) {
    throw new RegistryError('token_missing', `Role ${needs} is needed and no token came`, { field: 'authorization' });
  }
  if (!roleAllows(caller.role, needs)) {
    throw new RegistryError('token_forbidden', `Role ${needs} is needed, ${caller.callerid} has ${caller.role}`, {
      field: 'authorization',
      value: caller.role,
    });
  }
  return caller;
}
