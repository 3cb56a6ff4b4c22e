import { readFileSync } from 'node:fs';
import type { Installed } from '../../test/acceptance/installed.ts';
import type { Figure } from '../figures.ts';
import { removeSnapshot } from '../snapshot.ts';

const TARGET_MB = 600;

/** Memory of the server after the parts that ran before, and after a start from a snapshot and without. */
export async function memory(muster: Installed): Promise<Figure[]> {
  const asItIs = rssAnon(muster, 'after the parts above');
  await muster.down();
  await muster.up();
  const fromSnapshot = rssAnon(muster, 'after a start from a snapshot');
  await muster.down();
  removeSnapshot(muster);
  await muster.up();
  return [asItIs, fromSnapshot, rssAnon(muster, 'after a start without a snapshot')];
}

/** RssAnon, what no file stands behind; RSS also counts the pages of the store's file that happen to be in memory. */
function rssAnon({ pid }: Installed, when: string): Figure {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (key: string) => (Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) * 1024) / 1e6;
  const [anon, rss] = [megabytes('RssAnon'), megabytes('VmRSS')];
  return {
    name: `RssAnon of the server ${when}`,
    value: `${anon.toFixed(0)} MB (RSS ${rss.toFixed(0)} MB)`,
    target: `< ${TARGET_MB} MB`,
    met: anon < TARGET_MB,
  };
}
