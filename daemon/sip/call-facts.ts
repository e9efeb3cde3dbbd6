import type { CallRecord, TagHash } from './call-record.ts';

/** The facts of one message that calls are followed by; the pipeline fills one object again and again. */
export class CallFacts {
  timeMs = 0;
  callHi = 0;
  callLo = 0;
  fromHi = 0;
  fromLo = 0;
  /** 0, 0: no To-tag. */
  toHi = 0;
  toLo = 0;
  cseq = 0;
  /** Low word of the top Via's hash: which fork an answer belongs to. */
  branch = 0;
  /** Session-Expires in seconds, -1 where the message has none. */
  sessionExpiresSeconds = -1;
}

/** The tag of the dialog's other end when the message belongs to the record's call, whichever side sent it; null if it does not. */
export function otherEnd(r: CallRecord, f: CallFacts): TagHash | null {
  if (r.fromHi === f.fromHi && r.fromLo === f.fromLo) return { hi: f.toHi, lo: f.toLo };
  if (r.fromHi === f.toHi && r.fromLo === f.toLo) return { hi: f.fromHi, lo: f.fromLo };
  return null;
}
