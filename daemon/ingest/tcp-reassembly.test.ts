import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from './address.ts';
import { TcpFlag, type TcpLimits, TcpReassembler } from './tcp-reassembly.ts';

const B = parseEndpoint('198.51.100.2:5060')!;

/** A reassembler that keeps what each stream was given; `|` stands for a gap, `.` for the end. */
function reassembler(limits: TcpLimits) {
  const texts: string[] = [];
  const tcp = new TcpReassembler(() => {
    const index = texts.push('') - 1;
    return {
      push: (bytes, start, end) => {
        texts[index] += bytes.toString('latin1', start, end);
      },
      gap: () => {
        texts[index] += '|';
      },
      close: () => {
        texts[index] += '.';
      },
    };
  }, limits);
  const send = (sequence: number, text: string, port = 1, timeMs = 0, flags: number = TcpFlag.ack) => {
    const bytes = Buffer.from(text);
    const source = parseEndpoint(`192.0.2.1:${port}`)!;
    tcp.segment({
      source,
      destination: B,
      sequence,
      acknowledgement: 0,
      flags,
      bytes,
      start: 0,
      end: bytes.length,
      timeMs,
    });
  };
  return { tcp, texts, send };
}

test('early segments are kept up to the bound; one byte more gives the hole up', () => {
  const { tcp, texts, send } = reassembler({ maximumEarlyBytes: 6 });
  send(1, 'a');
  send(5, 'eee');
  send(8, 'hhh');
  assert.deepEqual(texts, ['a']);
  send(11, 'k');
  assert.deepEqual(texts, ['a|eeehhhk']);
  assert.equal(tcp.gaps, 1);
});

test('streams are kept up to the bound; the one silent longest goes', () => {
  const { tcp, texts, send } = reassembler({ maximumStreams: 2 });
  send(1, 'a', 1);
  send(1, 'b', 2);
  send(2, 'a', 1);
  assert.equal(tcp.evicted, 0);
  send(1, 'c', 3);
  assert.equal(tcp.evicted, 1);
  assert.equal(tcp.streams, 2);
  assert.deepEqual(texts, ['aa', 'b.', 'c']);
});

test('the first copy of a byte stands', () => {
  const { tcp, texts, send } = reassembler({});
  send(1, 'abc');
  send(2, 'XXde');
  send(1, 'YYYYY');
  assert.deepEqual(texts, ['abcde']);
  assert.equal(tcp.retransmitted, 1);
});

test('at the end holes are passed over', () => {
  const { tcp, texts, send } = reassembler({});
  send(1, 'a');
  send(9, 'i');
  send(5, 'e');
  tcp.finish();
  assert.deepEqual(texts, ['a|e|i.']);
  assert.equal(tcp.streams, 0);
});

test('a repeated SYN does not end a connection, a new one does', () => {
  const { texts, send } = reassembler({});
  send(0, '', 1, 0, TcpFlag.syn);
  send(1, 'abc');
  send(0, '', 1, 0, TcpFlag.syn);
  send(4, 'd');
  send(5_000_000, '', 1, 0, TcpFlag.syn);
  send(5_000_001, 'new');
  assert.deepEqual(texts, ['abcd.', 'new']);
});
