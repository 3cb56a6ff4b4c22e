/*
 * Makes docs/terminal.svg: a session in tmux, as it was on the screen, colours included. Run after a change of what
 * commands print: node scripts/picture.mjs
 *
 * The session has mounts and a network of its own (unshare), so that it shows the default directory and ports, whatever
 * this machine is called and runs. Linux, with tmux, util-linux and iproute2.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, runScript, SetupError } from './script.mjs';

const COLUMNS = 84;
const ROWS = 60;
const IDENTITY = 'web1.acme.net';
const STEPS = [
  'node test/data/fleet.mjs --nodes 1000 | npx muster import -',
  'npx mc-find -v -W "environment=development customer=acme haproxy"',
  'npx mc-facts os.name -W customer=acme',
  'npx mc-ssh -W "environment=development customer=acme mysql::master" --dry-run',
];
const STEP_MS_MAX = 60_000;
const PROMPT = /^\$ ?$/;
const plain = (line) => line.replaceAll(/\u001b\[[0-9;]*m/g, '');

/** Two windows of one tmux: `npm start` in one, the questions in the other. */
class Session {
  #home = mkdtempSync(join(tmpdir(), 'muster-picture-'));
  #socket = join(this.#home, 'tmux');

  start() {
    // Bold for what is typed, plain again before it runs.
    writeFileSync(join(this.#home, 'rc'), "HISTFILE=\nPS1='\\[\\e[32m\\]$\\[\\e[0;1m\\] '\nPS0='\\[\\e[0m\\]'\n");
    const inside = `ip link set lo up && mount -t tmpfs tmpfs /var/lib && exec tmux -S ${this.#socket} -f /dev/null \
new-session -d -x ${COLUMNS} -y ${ROWS} ${this.#shell}`;
    this.#must('unshare', ['--mount', '--net', '--map-root-user', 'sh', '-c', inside]);
  }

  get #shell() {
    return `bash --noprofile --rcfile ${join(this.#home, 'rc')}`;
  }

  open() {
    this.#tmux('new-window', '-c', root, this.#shell);
  }

  #tmux(...args) {
    return this.#must('tmux', ['-S', this.#socket, ...args]);
  }

  #must(command, args) {
    const { PATH, LANG = 'C.UTF-8' } = process.env;
    const env = { PATH, LANG, HOME: this.#home, TERM: 'xterm-256color', MUSTER_AGENT_IDENTITY: IDENTITY };
    const quiet = { MUSTER_AGENT_FACTER: 'false', npm_config_update_notifier: 'false' };
    const ran = spawnSync(command, args, { cwd: root, encoding: 'utf8', env: { ...env, ...quiet } });
    if (ran.status === 0) return ran.stdout;
    throw new SetupError(`${command} failed: ${ran.error?.message ?? ran.stderr.trim()}`, 'Run it on Linux, with tmux');
  }

  lines() {
    const lines = this.#tmux('capture-pane', '-p', '-e').split('\n');
    while (lines.length > 0 && plain(lines.at(-1)).trim() === '') lines.pop();
    return lines;
  }

  /** Types a line and waits until `done` says so of the lines on the screen. */
  async type(line, done) {
    if (line !== '') this.#tmux('send-keys', '-l', line);
    this.#tmux('send-keys', line === '' ? 'C-l' : 'Enter');
    await this.until(done);
  }

  async until(done) {
    const untilMs = performance.now() + STEP_MS_MAX;
    while (!done(this.lines().map(plain))) {
      if (performance.now() > untilMs) throw new SetupError(`The session stands still:\n${this.lines().join('\n')}`);
      await sleep(100);
    }
  }

  end() {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server']);
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** What was on the two screens: the start in brief, and the questions. */
async function captured() {
  const session = new Session();
  try {
    session.start();
    await session.until((lines) => PROMPT.test(lines.at(-1) ?? ''));
    await session.type('npm start', (lines) => lines.some((line) => line.includes('Registered')));
    const started = session.lines();
    const from = started.findIndex((line) => plain(line).startsWith('Muster '));
    const to = started.findIndex((line) => plain(line).startsWith('Try, '));
    session.open();
    await session.until((lines) => PROMPT.test(lines.at(-1) ?? ''));
    for (const step of STEPS) {
      const prompts = (lines) => lines.filter((line) => line.startsWith('$')).length;
      const before = prompts(session.lines().map(plain));
      await session.type(step, (lines) => prompts(lines) > before && PROMPT.test(lines.at(-1) ?? ''));
    }
    const asked = session.lines().slice(0, -1);
    return [[...started.slice(0, 1), '', ...started.slice(from, to - 1)], spaced(asked)];
  } finally {
    session.end();
  }
}

/** A blank line before each prompt. */
function spaced(lines) {
  return lines.flatMap((line, i) =>
    i > 0 && plain(line).startsWith('$ ') && plain(lines[i - 1]) !== '' ? ['', line] : [line],
  );
}

const FONT_SIZE = 14;
const CELL = 8.4;
const LINE = 20;
const PADDING = 20;
const BAR = 36;
const GAP = 24;
const COLOURS = {
  screen: '#0d1117',
  bar: '#161b22',
  edge: '#30363d',
  text: '#d1d7e0',
  bold: '#ffffff',
  dim: '#8b949e',
  30: '#8b949e',
  31: '#ff7b72',
  32: '#3fb950',
  33: '#d29922',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#56d4dd',
  37: '#f0f6fc',
};

/** The runs of one look in a line: where each begins, its text, its colour and weight. */
function runs(line) {
  const found = [];
  let look = { colour: undefined, bold: false, dim: false };
  let column = 0;
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    const codes = /^\u001b\[([0-9;]*)m$/.exec(part)?.[1];
    if (codes !== undefined) look = codes.split(';').map(Number).reduce(changed, look);
    else {
      // Blanks draw nothing; each stretch of words is put where it stands.
      for (const { 0: text, index } of part.matchAll(/\S+(?: \S+)*/g))
        found.push({ at: column + index, text, ...look });
      column += part.length;
    }
  }
  return found;
}

function changed(look, code) {
  if (code === 0) return { colour: undefined, bold: false, dim: false };
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 39) return { ...look, colour: undefined };
  return COLOURS[code] === undefined ? look : { ...look, colour: COLOURS[code] };
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const short = (number) => String(Math.round(number * 10) / 10);

function textOf({ at, text, colour, bold, dim }, y) {
  const fill = colour ?? (dim ? COLOURS.dim : bold ? COLOURS.bold : undefined);
  const looks = `${fill === undefined ? '' : ` fill="${fill}"`}${bold ? ' font-weight="600"' : ''}`;
  // The width is said, so that columns stand below each other in whatever font there is.
  const width = short(text.length * CELL);
  return `<text x="${short(PADDING + at * CELL)}" y="${y}" textLength="${width}" lengthAdjust="spacingAndGlyphs"${looks}>${escaped(text)}</text>`;
}

function svg(blocks) {
  const width = Math.ceil(2 * PADDING + COLUMNS * CELL);
  const parts = [];
  let y = BAR + PADDING;
  for (const [i, block] of blocks.entries()) {
    if (i > 0) {
      parts.push(`<path d="M0 ${y + GAP / 2}H${width}" stroke="${COLOURS.edge}"/>`);
      y += GAP + 4;
    }
    for (const line of block) {
      y += LINE;
      parts.push(...runs(line).map((run) => textOf(run, y - 6)));
    }
  }
  const height = y + PADDING;
  const buttons = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, i) => `<circle cx="${22 + i * 20}" cy="18" r="6" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal: npm start, then finding, counting and logging in by metadata">
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="${COLOURS.screen}" stroke="${COLOURS.edge}"/>
<path d="M1 ${BAR}V10.5a9.5 9.5 0 0 1 9.5-9.5H${width - 10.5}a9.5 9.5 0 0 1 9.5 9.5V${BAR}z" fill="${COLOURS.bar}"/>
${buttons.join('\n')}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_SIZE}" fill="${COLOURS.text}" xml:space="preserve">
${parts.join('\n')}
</g>
</svg>
`;
}

await runScript(async () => writeFileSync(join(root, 'docs', 'terminal.svg'), svg(await captured())));
