import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offSiteCalls } from './claims.ts';
import { customerDossier, type DossierSources } from './dossier.ts';

/** Sources with alerts without end, of which every tenth is the customer's. */
function endless(onPage: (page: number) => void) {
  let pages = 0;
  let reading = 0;
  const nothing = async () => ({ items: [], cursor: null });
  const sources = {
    suspensions: {
      list: nothing,
      deliveries: nothing,
      alerts: async ({ limit = 50 }: { limit?: number }) => {
        assert.equal(++reading, 1, 'one page at a time');
        assert.ok(limit <= 500);
        await new Promise((resolve) => setImmediate(resolve));
        reading--;
        onPage(++pages);
        const items = Array.from({ length: limit }, (_, at) => ({
          recordedAt: '2026-11-20T00:00:00.000Z',
          finding: {
            id: `${pages}-${at}`,
            at: '2026-11-20T00:00:00.000Z',
            customer: at % 10 === 0 ? 'acme' : 'another',
            subject: { kind: 'line', id: '1' },
            evidence: {},
          },
        }));
        return { items, cursor: String(pages) };
      },
    },
    audit: { list: nothing },
    policies: { list: () => [], get: () => null },
    calls: { flow: () => null },
    directory: { customers: { get: async () => null }, lines: { list: nothing, get: async () => null } },
    operator: () => ({ name: 'Exemple', address: '', timezone: 'Europe/Paris' }),
  };
  return { sources: sources as unknown as DossierSources, pages: () => pages };
}

const request = {
  by: 'a test',
  nowMs: Date.parse('2026-11-22T00:00:00Z'),
  fromMs: Date.parse('2026-11-01T00:00:00Z'),
  toMs: Date.parse('2026-11-22T00:00:00Z'),
};

test('alerts are read page after page, and no further than a dossier holds', async () => {
  const { sources, pages } = endless(() => undefined);
  const dossier = await customerDossier(sources, 'acme', {
    ...request,
    signal: new AbortController().signal,
  });
  const found = dossier!.entries.filter(({ kind }) => kind === 'finding');
  assert.equal(found.length, 1_000);
  // 50 of a page of 500: the twenty-first page shows that there are more.
  assert.equal(pages(), 21);
  assert.equal((dossier!.entries[0]!.data as { complete: boolean }).complete, false);
});

test('nobody waits for the answer any more: the reading ends at the next page', async () => {
  const control = new AbortController();
  const { sources, pages } = endless((page) => {
    if (page === 3) control.abort();
  });
  await assert.rejects(customerDossier(sources, 'acme', { ...request, signal: control.signal }), {
    name: 'AbortError',
  });
  assert.equal(pages(), 3);
});

test('a claim file ends at the next page as well', async () => {
  const control = new AbortController();
  const { sources, pages } = endless((page) => {
    if (page === 2) control.abort();
  });
  const asked = offSiteCalls(sources, { ...request, subject: 'nobody', signal: control.signal });
  await assert.rejects(asked, { name: 'AbortError' });
  assert.equal(pages(), 2);
});
