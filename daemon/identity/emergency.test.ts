import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emergencyNumbers } from '../config/setup.ts';

const french = emergencyNumbers(['FR']);

test('the numbers of France and the European one, and no others', () => {
  const numbers = '112 15 17 18 114 115 119 191 196 197 116000 116117'.split(' ');
  assert.deepEqual(
    numbers.filter((number) => !french.isEmergency(number)),
    [],
  );
  const found = Array.from({ length: 120_000 }, (_, number) => String(number)).filter((number) =>
    french.isEmergency(number),
  );
  assert.deepEqual(
    found,
    numbers.sort((a, b) => Number(a) - Number(b)),
  );
});

test('numbers match whole', () => {
  const others = [
    '0112',
    '1125',
    '+112',
    '+33112',
    '00112',
    '112#',
    '*112',
    '11',
    '1 12',
    '',
    '110',
    '113',
    'x112',
    '112x',
    'constructor',
  ];
  assert.deepEqual(
    others.filter((number) => french.isEmergency(number)),
    [],
  );
});

test('parameters and visual separators do not hide a number', () => {
  assert.deepEqual(
    ['112;phone-context=+33', '15;phone-context=operator.example', '1-1.2', '116-117', '(18)'].filter(
      (user) => !french.isEmergency(user),
    ),
    [],
  );
});

test('the service URN and its sub-services, in any case', () => {
  const urns = [
    'urn:service:sos',
    'urn:service:sos.fire',
    'urn:service:sos.ecall.automatic',
    'URN:Service:SOS.police',
  ];
  assert.deepEqual(
    urns.filter((urn) => !french.isEmergency('', urn)),
    [],
  );
  const others = [
    'urn:service:sosfire',
    'urn:service:counseling',
    'urn:service:sos.',
    'sip:urn:service:sos@example',
    'urn:service:sos;x',
  ];
  assert.deepEqual(
    others.filter((urn) => french.isEmergency('', urn)),
    [],
  );
});

test('sip: and tel: URIs without a user part taken out', () => {
  assert.deepEqual(
    ['sip:112@proxy', 'sips:15;phone-context=+33@proxy', 'tel:112', 'TEL:17;phone-context=+33'].filter(
      (uri) => !french.isEmergency('', uri),
    ),
    [],
  );
  assert.deepEqual(
    ['sip:0112@proxy', 'tel:1125', 'sip:112.example.net', 'http:112@x'].filter((uri) =>
      french.isEmergency('', uri),
    ),
    [],
  );
});

test('lists are by country, the European number holds in all', () => {
  const asked = ['112', '15', '113', '101', '110', '116000'];
  const of = (countries: string[]) =>
    asked.filter((number) => emergencyNumbers(countries).isEmergency(number));
  assert.deepEqual(of([]), ['112']);
  assert.deepEqual(of(['FR']), ['112', '15', '116000']);
  assert.deepEqual(of(['LU']), ['112', '113', '116000']);
  assert.deepEqual(of(['BE']), ['112', '101', '110', '116000']);
  assert.deepEqual(of(['DE']), ['112', '110', '116000']);
  assert.deepEqual(of(['LU', 'BE']), ['112', '113', '101', '110', '116000']);
});

test('subscriber numbers are known in their international form, short codes have none', () => {
  const belgian = emergencyNumbers(['BE']);
  assert.deepEqual(
    ['070245245', '+3270245245', '003270245245', '070 245 245'].map((number) => belgian.isEmergency(number)),
    [true, true, true, false],
  );
  assert.equal(belgian.isEmergency('+32101'), false);
});

test("a caller's own country holds as well, and further numbers", () => {
  assert.deepEqual(
    [
      french.isEmergency('110', '', 'DE'),
      french.isEmergency('110', '', 'XX'),
      french.isEmergency('110', '', null),
    ],
    [true, false, false],
  );
  assert.equal(emergencyNumbers(['FR'], ['3919']).isEmergency('3919'), true);
});
