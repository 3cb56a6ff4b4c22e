type Step = 'any' | 'one' | { readonly character: string };

/**
 * A LIKE pattern as a test on the whole text: `%` is any run of characters, `_` one, `escapeWith` takes the next literally.
 * Takes at most length of text times length of pattern steps; no regular expression that could run away.
 */
export function likeMatcher(pattern: string, escapeWith: string): (text: string) => boolean {
  const steps: Step[] = [];
  for (let i = 0; i < pattern.length; i++) {
    let character = pattern[i] as string;
    if (escapeWith !== '' && character === escapeWith && i + 1 < pattern.length) {
      i += 1;
      character = pattern[i] as string;
      steps.push({ character });
    } else if (character === '%') {
      if (steps.at(-1) !== 'any') steps.push('any');
    } else steps.push(character === '_' ? 'one' : { character });
  }
  return (text) => matches(steps, text);
}

function matches(steps: readonly Step[], text: string): boolean {
  let at = 0;
  let step = 0;
  let lastAny = -1;
  let tried = 0;
  while (at < text.length) {
    const here = steps[step];
    if (here === 'any') {
      lastAny = step;
      tried = at;
      step += 1;
    } else if (here !== undefined && (here === 'one' || here.character === text[at])) {
      at += 1;
      step += 1;
    } else if (lastAny >= 0) {
      tried += 1;
      at = tried;
      step = lastAny + 1;
    } else return false;
  }
  while (steps[step] === 'any') step += 1;
  return step === steps.length;
}
