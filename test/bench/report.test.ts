import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withReport } from '../../bench/report.ts';

describe('the report of the bench', () => {
  it('takes the place of the one before, and leaves the rest of the page', () => {
    const page = 'head\n<!-- figures -->\nold\n<!-- /figures -->\ntail\n';
    const once = withReport(page, 'new');
    expect(once).toBe('head\n<!-- figures -->\nnew\n<!-- /figures -->\ntail\n');
    expect(withReport(once, 'new')).toBe(once);
  });

  it('has its place on the page of figures', () => {
    const page = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
    expect(withReport(page, 'a new report')).toContain('a new report');
  });

  it('is not put on a page without a place for it', () => {
    expect(() => withReport('a page', 'new')).toThrow('figures');
  });
});
