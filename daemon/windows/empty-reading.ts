import type { Reading } from '../../detectors/vocabulary.ts';
import { HistoryWindow } from './history-window.ts';
import { PeersWindow } from './peers-window.ts';
import type { Update } from './store.ts';

/** What a window that holds nothing reads. `fields`: of a sum or a history; `weeks`: of a history. */
export function emptyReading(kind: Reading['kind'], fields = 0, weeks = 0): Reading {
  switch (kind) {
    case 'sum':
      return { kind, totals: new Array<number>(fields).fill(0), samples: [] };
    case 'distinct':
      return { kind, count: 0, added: false };
    case 'level':
      return { kind, open: 0, samples: [] };
    case 'rate':
      return { kind, count: 0 };
    case 'history':
      return new HistoryWindow().reading(0, weeks, fields);
    case 'peers':
      return new PeersWindow().reading(0);
  }
}

/** What the update's window reads when the update could not be counted. */
export function uncounted(update: Update): Reading {
  const { kind } = update;
  const fields = kind === 'sum' || kind === 'history' ? update.add.length : 0;
  return emptyReading(kind, fields, kind === 'history' ? update.weeks : 0);
}
