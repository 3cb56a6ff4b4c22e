/*
 * The licence notices of the packages that are bundled into dist/: their licences ask that the text goes with the copy.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of THIRD-PARTY-NOTICES.txt for the inputs of an esbuild metafile. */
export function thirdPartyNotices(metafile, at) {
  const folders = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input.replace(/^[^:]*:/, ''));
    if (found !== null) folders.add(found[1]);
  }
  const notices = [...folders].sort().map((folder) => notice(join(at, folder)));
  return ['Muster is Apache-2.0. These packages are part of its bundles, each under its own licence.', ...notices].join(
    `\n\n${'-'.repeat(80)}\n`,
  );
}

function notice(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name));
  const texts = files.map((name) => join(folder, name)).filter((file) => existsSync(file));
  const body =
    texts.length > 0
      ? texts.map((file) => readFileSync(file, 'utf8').trim()).join('\n\n')
      : `The package carries no licence text; its package.json says ${JSON.stringify(manifest.license ?? null)}.`;
  return `${manifest.name} ${manifest.version} (${shownLicence(manifest.license)})\n\n${body}`;
}

function shownLicence(licence) {
  return typeof licence === 'string' ? licence : (licence?.type ?? 'see below');
}
