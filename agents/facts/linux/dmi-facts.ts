import type { Json, JsonObject } from '../../../core/index.ts';
import { defined, type SystemFiles } from './system-files.ts';

const DMI_FOLDER = '/sys/class/dmi/id';

/** Names of the chassis types, from 1 (SMBIOS 3, 7.4.1; Facter 4, resolvers/dmi.rb). */
const CHASSIS = [
  'Other',
  undefined,
  'Desktop',
  'Low Profile Desktop',
  'Pizza Box',
  'Mini Tower',
  'Tower',
  'Portable',
  'Laptop',
  'Notebook',
  'Hand Held',
  'Docking Station',
  'All in One',
  'Sub Notebook',
  'Space-Saving',
  'Lunch Box',
  'Main System Chassis',
  'Expansion Chassis',
  'SubChassis',
  'Bus Expansion Chassis',
  'Peripheral Chassis',
  'Storage Chassis',
  'Rack Mount Chassis',
  'Sealed-Case PC',
  'Multi-system',
  'CompactPCI',
  'AdvancedTCA',
  'Blade',
  'Blade Enclosure',
  'Tablet',
  'Convertible',
  'Detachable',
] as const;

/** `dmi`, as far as it may be read: serial numbers and the UUID are root's. */
export async function dmiFacts(files: SystemFiles): Promise<JsonObject> {
  const at = (name: string): Promise<string | undefined> => files.readTrimmed(`${DMI_FOLDER}/${name}`);
  const chassisType = await at('chassis_type');
  const dmi = {
    bios: section({
      release_date: await at('bios_date'),
      vendor: await at('bios_vendor'),
      version: await at('bios_version'),
    }),
    board: section({
      asset_tag: await at('board_asset_tag'),
      manufacturer: await at('board_vendor'),
      product: await at('board_name'),
      serial_number: await at('board_serial'),
    }),
    chassis: section({
      asset_tag: await at('chassis_asset_tag'),
      type: chassisType === undefined ? undefined : CHASSIS[Number(chassisType) - 1],
    }),
    manufacturer: await at('sys_vendor'),
    product: section({
      name: await at('product_name'),
      serial_number: await at('product_serial'),
      uuid: await at('product_uuid'),
    }),
  };
  const present = section(dmi);
  return present === undefined ? {} : { dmi: present };
}

function section(entries: Readonly<Record<string, Json | undefined>>): JsonObject | undefined {
  const present = defined<Json>(entries);
  return Object.keys(present).length === 0 ? undefined : present;
}
