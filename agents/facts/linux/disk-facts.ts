import type { Json, JsonObject } from '../../../core/index.ts';
import { bytesText } from '../units.ts';
import { readMounts } from './mount-facts.ts';
import { defined, type SystemFiles } from './system-files.ts';

const BLOCK_FOLDER = '/sys/block';
/** /sys/block counts in these whatever the device's own sectors are. */
const SECTOR_BYTES = 512;

/** `disks`: block devices that are devices (Facter 4, resolvers/disks.rb). Serial number and WWN come from udev's records. */
export async function diskFacts(files: SystemFiles): Promise<JsonObject> {
  const disks: Record<string, Json> = {};
  for (const name of await files.list(BLOCK_FOLDER)) {
    const at = `${BLOCK_FOLDER}/${name}`;
    if (!(await files.exists(`${at}/device`))) continue;
    const udev = await udevRecord(files, at);
    const rotational = await files.readTrimmed(`${at}/queue/rotational`);
    disks[name] = defined<Json>({
      model: await files.readTrimmed(`${at}/device/model`),
      ...sizeFacts(await files.readTrimmed(`${at}/size`)),
      vendor: await files.readTrimmed(`${at}/device/vendor`),
      type: rotational === undefined ? undefined : rotational === '0' ? 'ssd' : 'hdd',
      serial: udev.ID_SERIAL_SHORT ?? (await files.readTrimmed(`${at}/device/serial`)),
      wwn: udev.ID_WWN_WITH_EXTENSION ?? udev.ID_WWN,
    });
  }
  return Object.keys(disks).length === 0 ? {} : { disks };
}

/** `partitions`: parts of disks, device-mapper and loop devices, with what udev knows of their file systems. */
export async function partitionFacts(files: SystemFiles): Promise<JsonObject> {
  const partitions: Record<string, Json> = {};
  const mountOf = new Map((await readMounts(files)).map((mount) => [mount.device, mount.path]));
  const add = async (device: string, at: string, backing?: string): Promise<void> => {
    const udev = await udevRecord(files, at);
    partitions[device] = defined<Json>({
      ...sizeFacts((await files.readTrimmed(`${at}/size`)) ?? '0'),
      backing_file: backing,
      filesystem: udev.ID_FS_TYPE,
      uuid: udev.ID_FS_UUID,
      label: udev.ID_FS_LABEL,
      partuuid: udev.ID_PART_ENTRY_UUID,
      partlabel: udev.ID_PART_ENTRY_NAME,
      mount: mountOf.get(device),
    });
  };
  for (const name of await files.list(BLOCK_FOLDER)) {
    const at = `${BLOCK_FOLDER}/${name}`;
    if (await files.exists(`${at}/device`)) {
      for (const part of await files.list(at)) {
        if (part.startsWith(name) && (await files.exists(`${at}/${part}/size`)))
          await add(`/dev/${part}`, `${at}/${part}`);
      }
    } else if (await files.exists(`${at}/dm`)) {
      const mapped = await files.readTrimmed(`${at}/dm/name`);
      await add(mapped === undefined ? `/dev/${name}` : `/dev/mapper/${mapped}`, at);
    } else if (await files.exists(`${at}/loop`)) {
      await add(`/dev/${name}`, at, await files.readTrimmed(`${at}/loop/backing_file`));
    }
  }
  return Object.keys(partitions).length === 0 ? {} : { partitions };
}

function sizeFacts(sectors: string | undefined): { readonly size?: string; readonly size_bytes?: number } {
  if (sectors === undefined) return {};
  const bytes = Number(sectors) * SECTOR_BYTES;
  return { size: bytesText(bytes), size_bytes: bytes };
}

/** What udev knows of a block device: the `E:` lines of its record, with `\x20` escapes undone. */
async function udevRecord(files: SystemFiles, at: string): Promise<Readonly<Record<string, string>>> {
  const number = await files.readTrimmed(`${at}/dev`);
  const record = number === undefined ? undefined : await files.read(`/run/udev/data/b${number}`);
  const values: Record<string, string> = {};
  for (const line of record?.split('\n') ?? []) {
    const match = /^E:([A-Z0-9_]+)=(.+)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    values[match[1]] = match[2].replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  return values;
}
