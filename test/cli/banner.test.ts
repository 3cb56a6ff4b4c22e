import { expect, it } from 'vitest';
import { colours } from '../../cli/colours.ts';
import { bannerText } from '../../cli/server/banner.ts';

const running = {
  version: '1.2.3',
  http: 'http://127.0.0.1:8420',
  stomp: undefined,
  dataDir: '/var/lib/muster',
  identity: undefined,
  prefix: 'npx ',
};
const output = (isTTY: boolean) => ({ isTTY, write: () => true });

it('says where the server listens and what to try, between one blank line before and one behind', () => {
  expect(bannerText(running, colours(output(false), {}, undefined))).toBe(`
Muster 1.2.3 keeps what your machines are, and answers questions about them.

  HTTP          http://127.0.0.1:8420
  data          /var/lib/muster

Try, in another shell:

  npx mc-find -v
  npx mc-facts os.name
  npx mc-inventory NODE

Ctrl-C stops it.

`);
});

it('stands in colour on a terminal alone', () => {
  expect(bannerText(running, colours(output(true), {}, undefined))).toContain('\u001b[1mMuster 1.2.3\u001b[22m');
  expect(bannerText(running, colours(output(true), { NO_COLOR: '1' }, undefined))).not.toContain('\u001b');
});
