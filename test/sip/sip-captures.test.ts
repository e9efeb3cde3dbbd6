import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKeepAlive, SipMessage } from '../../daemon/sip/message.ts';
import { udpPayloads } from './capture-payloads.ts';
import { sipJsReading, vigieReading } from './sip-js.ts';

const CAPTURES = new URL('../captures/', import.meta.url);

/** Messages in one UDP datagram each that whole packets carry, as tshark counts them: `sip && !ip.fragment && !icmp`. */
const MESSAGES: Readonly<Record<string, number>> = {
  'kamailio/cancel-408.sip.pcap': 37,
  'kamailio/flood-tps.sip.pcap': 1004,
  'kamailio/normal-day-mix.sip.pcap': 187,
  'kamailio/reg-4-devices.sip.pcap': 36,
  'kamailio/sipvicious-crack.sip.pcap': 274,
  'nat-alg/00_nonat_udp.pcap': 12,
  'nat-alg/01_single_nat_udp.pcap': 11,
  'nat-alg/03_triple_nat_udp.pcap': 8,
  'nat-alg/04_single_alg_udp.pcap': 18,
  'nat-alg/05_single_alg_randport.pcap': 22,
  'nat-alg/08_triple_alg_inner.pcap': 20,
  'nat-alg/09_triple_alg_middle.pcap': 26,
  'nat-alg/14_alg_half_contactport.pcap': 8,
  'nat-alg/16_rport_learning_client.pcap': 14,
  'nat-alg/18_externip_randport.pcap': 8,
  'nat-alg/21_phone_proxy_viachain.pcap': 8,
  'nat-alg/22_triple_nat_baresip_ice.pcap': 16,
  'nat-alg/26_alg_rebind.pcap': 13,
  'nat-alg/27_rportlearn_rebind.pcap': 22,
};

/** sip.js takes a millisecond or two a message: of the two long, uniform captures a part is enough. */
const COMPARED = 200;

/** SIPp puts all its Vias into one header, where sip.js takes the last for the top one: it gets each in a header of its own. */
function viasApart(text: string): string {
  return text.replace(/^Via: .*$/gm, (line) => line.replace(/, *(?=SIP\/2\.0\/)/g, '\r\nVia: '));
}

for (const [name, count] of Object.entries(MESSAGES)) {
  test(`${name}: as many messages as tshark sees, read as sip.js reads them`, () => {
    const message = new SipMessage();
    let messages = 0;
    for (const bytes of udpPayloads(new URL(name, CAPTURES))) {
      if (isKeepAlive(bytes, 0, bytes.length)) continue;
      messages++;
      assert.equal(message.read(bytes, 0, bytes.length), 0);
      assert.equal(message.oddities, 0);
      if (messages > COMPARED) continue;
      const theirs = sipJsReading(viasApart(bytes.toString('utf8')));
      assert.ok(theirs, 'sip.js refuses the message');
      assert.deepEqual(vigieReading(message), theirs);
    }
    assert.equal(messages, count);
  });
}
