import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMailAddress, mailboxOf } from './mailbox.ts';

test('addresses in use', () => {
  for (const address of ['noc@example.net', 'a.b+c@mail.example.net', "o'hara@example.net", 'root@localhost'])
    assert.equal(isMailAddress(address), true, address);
});

test('nothing that ends a header or a command is an address', () => {
  const refused = [
    ...['', 'noc', '@example.net', 'noc@', 'a..b@example.net', 'noc@example..net', 'noc@-example.net'],
    ...['noc@example.net\r\nBcc: x@example.org', 'noc@exam ple.net', '"a b"@example.net', 'a@b@example.net'],
    ...['noc@[192.0.2.1]', 'noc@example.net>', `${'a'.repeat(65)}@example.net`, 'é@example.net'],
    `a@${'b.'.repeat(200)}c`,
  ];
  for (const address of refused) assert.equal(isMailAddress(address), false, address);
});

test('a mailbox is a name and an address', () => {
  assert.deepEqual(mailboxOf('Vigie <noc@example.net>'), { name: 'Vigie', address: 'noc@example.net' });
  assert.deepEqual(mailboxOf('"Vigie, NOC" <noc@example.net>'), {
    name: 'Vigie, NOC',
    address: 'noc@example.net',
  });
  assert.deepEqual(mailboxOf(' noc@example.net '), { name: '', address: 'noc@example.net' });
});
