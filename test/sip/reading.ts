import { Field, type SipMessage } from '../../daemon/sip/message.ts';
import type { Truth } from './generated-message.ts';

/** What Vigie reads, in the shape of a generated message's truth. */
export function readingOf(message: SipMessage): Truth {
  return {
    isRequest: message.isRequest,
    status: message.status,
    method: message.text(Field.methodToken) ?? '',
    cseq: message.cseq,
    callId: message.text(Field.callId) ?? '',
    requestUser: message.text(Field.requestUser),
    fromUser: message.text(Field.fromUser),
    fromTag: message.text(Field.fromTag),
    toUser: message.text(Field.toUser),
    toTag: message.text(Field.toTag),
    vias: message.vias().map(({ transport, host, port, branch, received, rport }) => ({
      transport,
      host,
      port,
      branch: branch ?? '',
      received,
      rport,
    })),
    contacts: message
      .contacts()
      .map(({ user, host, port, expires, instance }) => ({ user, host, port, expires, instance })),
    expires: message.expires,
    contentLength: message.contentLength,
    userAgent: message.text(Field.userAgent),
    authUser: message.text(Field.authUser),
    assertedUser: message.text(Field.assertedUser),
  };
}
