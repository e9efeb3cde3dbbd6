import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { defaultConfig } from '../config/load.ts';
import { shippedNumberLists } from '../config/number-files.ts';
import { emergencyNumbers } from '../config/setup.ts';
import { NO_LISTS } from './number-lists.ts';
import { Numbering } from './numbering.ts';

const lists = shippedNumberLists(defaultConfig());
const emergency = emergencyNumbers(['FR']);
const isEmergency = (user: string, uri: string, country: string | null) =>
  emergency.isEmergency(user, uri, country);
const french = new Numbering({ lists, country: 'FR', isEmergency });
const numberOf = (user: string, uri = '', country: string | null = null) =>
  french.destinationOf(user, uri, country).number;
const kindOf = (user: string, country: string | null = null) => french.destinationOf(user, '', country).kind;

/** Subscriber numbers whose plan is closed: the digits after the calling code, and the trunk prefix. */
const PLANS = {
  FR: { code: '33', trunk: '0', first: ['1', '2', '3', '4', '5', '6'], digits: 9 },
  BE: { code: '32', trunk: '0', first: ['2', '47', '48'], digits: 8 },
  DE: { code: '49', trunk: '0', first: ['30', '40', '89'], digits: 10 },
  LU: { code: '352', trunk: '', first: ['26', '27', '28'], digits: 8 },
} as const;
type Country = keyof typeof PLANS;

/** A number as national digits that the library knows to be one. */
const subscriber = fc
  .constantFrom<Country>('FR', 'BE', 'DE', 'LU')
  .chain((country) => {
    const { first, digits, code } = PLANS[country];
    return fc.tuple(fc.constantFrom(...first), fc.stringMatching(/^[0-9]{11}$/)).map(([begin, rest]) => {
      const length = country === 'BE' && begin.startsWith('4') ? digits + 1 : digits;
      return { country, code, national: (begin + rest).slice(0, length) };
    });
  })
  .filter(({ code, national, country }) => {
    const { kind, country: found } = french.destinationOf(`+${code}${national}`);
    return kind !== 'unknown' && found === country;
  });

/** The same text with separators between its characters, never before a +. */
const separated = (text: string) =>
  fc
    .array(fc.constantFrom('', '', '', ' ', '-', '.', '(', ')'), {
      minLength: text.length,
      maxLength: text.length,
    })
    .map((marks) => [...text].map((character, index) => character + marks[index]).join(''));

describe('one number for every way of writing it', () => {
  it('+, 00, trunk prefix, (0), phone-context and bare E.164, with any separators', () => {
    fc.assert(
      fc.property(
        subscriber.chain(({ country, code, national }) => {
          const { trunk } = PLANS[country];
          const ways = [
            `+${code}${national}`,
            `00${code}${national}`,
            `${trunk}${national}`,
            ...(trunk === '' ? [] : [`+${code}(${trunk})${national}`, `${code}${national}`]),
          ];
          return fc
            .tuple(...ways.map(separated))
            .map((written) => ({ country, code, national, trunk, written }));
        }),
        ({ country, code, national, trunk, written }) => {
          const expected = `+${code}${national}`;
          for (const way of written) assert.equal(numberOf(way, '', country), expected, way);
          const abroad = country === 'FR' ? 'BE' : 'FR';
          const local = `${trunk}${national}`;
          assert.equal(numberOf(`${local};phone-context=+${code}`, '', abroad), expected);
          assert.equal(numberOf(local, `tel:${local};phone-context=+${code}`, abroad), expected);
          assert.equal(
            numberOf(local, `sip:${local};phone-context=+${code}@pbx.invalid;user=phone`, abroad),
            expected,
          );
          assert.equal(french.ownNumber(written[0]), expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('whatever is written, nothing is thrown and the answer is bounded', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.string({ maxLength: 50 }),
        (user, uri) => {
          const { number } = french.destinationOf(user, uri);
          assert.ok(number.length <= Math.max(64, user.length));
        },
      ),
    );
  });

  it('what E.164 gives is read again as itself', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^(\+|00|0|)[0-9]{3,14}$/), (user) => {
        const found = french.destinationOf(user);
        if (found.number.startsWith('+')) assert.deepEqual(french.destinationOf(found.number), found);
      }),
      { numRuns: 1000 },
    );
  });

  it('a number that the library does not know is the same in all its ways', () => {
    for (const way of ['0639980404', '+33639980404', '0033639980404', '33639980404', '+33 (0)6 39 98 04 04'])
      assert.equal(numberOf(way), '+33639980404', way);
  });

  it('overseas numbers are dialled as French ones and have their own country code', () => {
    for (const way of ['0590123456', '+590590123456', '00590590123456', '+33590123456'])
      assert.equal(numberOf(way), '+590590123456', way);
    assert.equal(french.destinationOf('0590123456').country, 'GP');
  });

  it('a phone-context that has the first digits', () => {
    assert.equal(numberOf('23456789;phone-context=+331'), '+33123456789');
  });
});

describe('what is dialled is not a subscriber number', () => {
  const cases: readonly [string, string, string | null][] = [
    ['112', 'emergency', 'FR'],
    ['15;phone-context=+33', 'emergency', 'FR'],
    ['3651', 'short', 'FR'],
    ['36510123456789', 'special', 'FR'],
    ['1023', 'short', 'FR'],
    ['118218', 'premium', 'FR'],
    ['3018', 'toll-free', 'FR'],
    ['3631', 'short', 'FR'],
    ['116006', 'toll-free', 'FR'],
    ['alice', 'sip', null],
    ['', 'sip', null],
    ['*21*0123456789#', 'unknown', null],
    ['0', 'unknown', null],
    ['99999999999999999999', 'unknown', null],
  ];
  for (const [user, kind, country] of cases) {
    it(`${user || '(nothing)'} is ${kind}`, () => {
      const found = french.destinationOf(user);
      assert.deepEqual([found.kind, found.country], [kind, country]);
      assert.equal(found.number, user.split(';')[0]);
    });
  }

  it('urn:service:sos is an emergency', () => {
    assert.equal(french.destinationOf('', 'urn:service:sos.fire').kind, 'emergency');
  });

  it('an extension of ours that looks like a service number is none', () => {
    const pbx = new Numbering({
      lists,
      country: 'FR',
      isEmergency,
      isLine: (user) => user === '1001' || user === '15',
    });
    assert.equal(pbx.destinationOf('1001').kind, 'sip');
    assert.equal(pbx.destinationOf('1002').kind, 'short');
    assert.equal(pbx.destinationOf('15').kind, 'emergency');
  });
});

describe('kinds', () => {
  const cases: readonly [string, string, string | null][] = [
    ['0123456789', 'fixed', null],
    ['0612345678', 'mobile', null],
    ['0970123456', 'voip', null],
    ['0800123456', 'toll-free', null],
    ['0806123456', 'special', null],
    ['0810123456', 'shared-cost', null],
    ['0825123456', 'special', null],
    ['0899123456', 'premium', null],
    ['90012345', 'premium', 'LU'],
    ['80012345', 'toll-free', 'LU'],
    ['80112345', 'shared-cost', 'LU'],
    ['090012345', 'premium', 'BE'],
    ['070123456', 'special', 'BE'],
    ['08001234567', 'toll-free', 'DE'],
    ['01801234567', 'shared-cost', 'DE'],
    ['09001234567', 'premium', 'DE'],
    ['11833', 'premium', 'DE'],
    ['0103301234567', 'special', 'DE'],
    ['+80012345678', 'toll-free', null],
    ['+80812345678', 'shared-cost', null],
    ['+870773123456', 'satellite', null],
    ['+8816123456789', 'satellite', null],
    ['+8818123456789', 'satellite', null],
    ['+882161234567', 'satellite', null],
    ['+88213012345', 'international-network', null],
    ['+8835100123456', 'international-network', null],
    ['+878101234567', 'international-network', null],
    ['+888123456789', 'international-network', null],
    ['+979123456789', 'premium', null],
  ];
  for (const [user, kind, country] of cases)
    it(`${user}${country === null ? '' : ` in ${country}`} is ${kind}`, () =>
      assert.equal(kindOf(user, country), kind));

  it('codes without country are in none', () => {
    for (const user of ['+870773123456', '+88213012345', '+979123456789'])
      assert.equal(french.destinationOf(user).country, null);
  });

  it('high risk is what the file says, whichever file it is', () => {
    assert.equal(french.destinationOf('005352345678').highRisk, true);
    assert.equal(french.destinationOf('0033123456789').highRisk, false);
    const highRisk = { sources: {}, ranges: [{ number: '+3312', what: 'test', source: 't' }] };
    const own = new Numbering({ lists: { ...lists, highRisk }, country: 'FR', isEmergency });
    assert.equal(own.destinationOf('0123456789').highRisk, true);
    assert.equal(own.destinationOf('0133456789').highRisk, false);
    assert.equal(own.destinationOf('005352345678').highRisk, false);
  });
});

describe('lists and memory', () => {
  it('every list says where it comes from, and when that was last looked at or that it was not', () => {
    for (const { sources, ranges, short, servicePrefixes, dialledAs } of lists.files) {
      for (const entry of [...ranges, ...short, ...servicePrefixes, ...dialledAs])
        assert.match(sources[entry.source]?.verified ?? '', /^(2026-\d\d-\d\d|not verified)$/, entry.number);
      const numbers = [...ranges, ...short].map(({ number }) => number);
      assert.equal(new Set(numbers).size, numbers.length);
    }
  });

  it('keeps no more answers than it may, those used last', () => {
    const small = new Numbering({ lists: NO_LISTS, country: 'FR', isEmergency, remembered: 3 });
    const first = small.destinationOf('0123456789');
    for (const user of ['0123456780', '0123456781', '0123456789', '0123456782']) small.destinationOf(user);
    assert.equal(small.size, 3);
    assert.equal(small.destinationOf('0123456789'), first);
  });

  it('a country that the library does not know: + and 00 still say what is meant', () => {
    const nowhere = new Numbering({ lists: NO_LISTS, country: 'XX', isEmergency });
    assert.equal(nowhere.destinationOf('0033123456789').number, '+33123456789');
    assert.equal(nowhere.destinationOf('0123456789').kind, 'unknown');
  });
});
