/*
 * Pages that are made from the code: docs/configuration.md from the schema, docs/errors.md from the catalogue,
 * docs/exit-status.md from the command line's table. `node scripts/docs.mjs` writes them, `--check` only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runScript, SetupError } from './script.mjs';
import { evaluated } from './validators.mjs';

const MADE = (source) => `<!-- Made from ${source} by node scripts/docs.mjs: change it there. -->`;

function configurationPage(settings, schema) {
  const sections = grouped(settings, ({ key }) => (key.includes('.') ? key.slice(0, key.indexOf('.')) : ''));
  const parts = [...sections].map(([name, list]) => {
    const title = name === '' ? '## At the top' : `## ${name}\n\n${schema.properties[name].description}.`;
    return `${title}\n\n| key | environment | default | meaning |\n|---|---|---|---|\n${list.map(settingRow).join('\n')}`;
  });
  return `# Configuration

${MADE('core/config-schema.ts')}

Read from \`/etc/muster/muster.yaml\`, or the file that \`--config\` or \`MUSTER_CONFIG\` names. A setting is taken from the
flag, else from the environment, else from the file, else it has its default; every key has one that works on one
machine. The whole is checked at start, every fault is listed at once, and unknown keys are faults. Secrets stand in files
that the configuration names.

Durations are a number and \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`. In the environment, lists are separated by commas.

\`\`\`yaml
http:
  listen: 127.0.0.1:8420
registration:
  interval: 5m
\`\`\`

${parts.join('\n\n')}
`;
}

function grouped(list, keyOf) {
  const groups = new Map();
  for (const one of list) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

function settingRow({ key, env, byDefault, description, schema }) {
  return `| \`${key}\` | ${env === '' ? '' : `\`${env}\``} | ${defaultText(byDefault)} | ${cell(description)}${choices(schema)} |`;
}

function defaultText(value) {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => `\`${one}\``).join(', ');
  return `\`${String(value)}\``;
}

/** What may stand there, where the schema names it; of a list of objects, the keys of each. */
function choices(schema) {
  const literals = (schema.anyOf ?? schema.items?.anyOf ?? [])
    .map((one) => one.const)
    .filter((one) => one !== undefined);
  const keys = schema.items?.properties;
  if (keys !== undefined) {
    const each = Object.entries(keys).map(
      ([name, below]) => `\`${name}\`${below.description ? ` (${below.description})` : ''}`,
    );
    return `. Each has ${each.join(', ')}`;
  }
  return literals.length < 2 ? '' : `. One of ${literals.map((one) => `\`${one}\``).join(', ')}`;
}

function errorsPage(catalogue) {
  const rows = Object.entries(catalogue).map(
    ([code, { http, exit, meaning, remedy }]) =>
      `| \`${code}\` | ${http} | ${exit} | ${cell(meaning)} | ${cell(remedy)} |`,
  );
  return `# Errors

${MADE('core/error-catalogue.ts')}

Every error has a code that never changes its meaning. Over HTTP the body is
\`{ "code", "message", "field", "value", "offset", "identity", "remedy" }\`, of which code, message and remedy are always
there; in GraphQL the same stands in \`extensions\`. A command prints message, code and remedy on standard error and ends
with the status of the third column ([exit statuses](exit-status.md)).

| code | HTTP | exit | meaning | what to do |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

function exitStatusPage(statuses) {
  const rows = Object.values(statuses).map(({ status, meaning }) => `| ${status} | ${cell(meaning)} |`);
  return `# Exit statuses

${MADE('cli/exit-status.ts')}

| status | meaning |
|---|---|
${rows.join('\n')}

0 to 4 are those of MCollective's clients, with one difference: where only some of the nodes asked stay silent, stock
clients end with 0, ours with 2 and the names on standard error. 64 and above are those of \`sysexits.h\`. Which error ends
with which status stands on the page of [errors](errors.md).

\`mc-ssh\` ends with the status that ssh ended with, or by the signal that ended it; before ssh runs: 1 where nobody
matched, or where nobody was chosen from the list, 2 where several match and there is no terminal to choose on. Checks for
monitoring use 0 to 3 as Nagios plugins do.
`;
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}

await runScript(async () => {
  const core = await evaluated(join(root, 'core/index.ts'));
  const { exitStatuses } = await evaluated(join(root, 'cli/exit-status.ts'));
  const pages = {
    'docs/configuration.md': configurationPage(core.settingsOf(), core.configSchema),
    'docs/errors.md': errorsPage(core.errorCatalogue),
    'docs/exit-status.md': exitStatusPage(exitStatuses),
  };
  for (const [file, text] of Object.entries(pages)) {
    const path = join(root, file);
    if (!process.argv.includes('--check')) writeFileSync(path, text);
    else if (readFileSync(path, 'utf8') !== text) {
      throw new SetupError(`${file} is not what the code says`, 'Run node scripts/docs.mjs and look at the difference');
    }
  }
});
