import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const picture = readFileSync(join(root, 'docs/terminal.svg'), 'utf8');
const words = [...picture.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

it('the picture shows what the README says of it: starting, finding, counting, logging in', () => {
  const shown = words.join('\n');
  for (const part of ['npm start', 'Muster ', 'mc-find', 'mc-facts', 'Running: ssh ']) expect(shown).toContain(part);
  const label = /aria-label="([^"]*)"/.exec(picture)?.[1];
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`![${label}](docs/terminal.svg)`);
});

it('the picture is text alone: no script, no font or image from elsewhere, no path of a machine it was made on', () => {
  expect(picture).not.toMatch(/<script|<image|<style|href|@font-face|url\(/);
  expect(words.join('\n')).not.toMatch(/\/(home|root|tmp|work)\b|localhost/);
  for (const name of words.join('\n').match(/\b[a-z]+\d*\.[a-z]+\.net\b/g) ?? []) expect(name).toMatch(/\.acme\.net$/);
});

it('the picture shows the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(words).toContain(`Muster ${version}`);
});
