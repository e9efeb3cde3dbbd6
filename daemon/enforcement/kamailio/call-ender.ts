import type { CallEnder, CallEnding, CallToEnd } from '../call-ender.ts';
import type { EnforcerHealth } from '../enforcer.ts';
import { type KamailioRpc, RpcFault } from './rpc.ts';

interface Dialog {
  readonly h_entry?: number;
  readonly h_id?: number;
  /** 1 not answered, 2 rings, 3 answered without ACK, 4 answered, 5 over. */
  readonly state?: number;
}

/**
 * Ends calls at one Kamailio that runs deploy/kamailio/vigie.cfg with VIGIE_DIALOGS. It ends only calls that Kamailio follows as
 * dialogs, and vigie.cfg follows no emergency call: a second reason why none is ever ended, were it asked for by mistake.
 */
export class KamailioCallEnder implements CallEnder {
  readonly name: string;
  readonly #rpc: KamailioRpc;

  constructor(name: string, rpc: KamailioRpc) {
    this.name = name;
    this.#rpc = rpc;
  }

  async end({ callId, fromTag, cseq }: CallToEnd): Promise<CallEnding> {
    const names = fromTag === null ? [callId] : [callId, fromTag];
    const found = (await this.#rpc.call('dlg.dlg_list', names)) as Dialog | Dialog[] | null;
    const dialog = [found ?? {}].flat()[0];
    if (dialog?.h_entry === undefined || dialog.h_id === undefined || dialog.state === 5) return 'absent';
    if ((dialog.state ?? 0) >= 3) return this.#carryOut('dlg.end_dlg', [dialog.h_entry, dialog.h_id]);
    // dlg.end_dlg does nothing to a call that rings, and CANCEL needs the number of its INVITE (RFC 3261 §9.1).
    return cseq === null ? 'absent' : this.#carryOut('tm.cancel', [callId, String(cseq)]);
  }

  async health(): Promise<EnforcerHealth> {
    try {
      await this.#rpc.call('core.uptime', []);
      return { healthy: true, detail: '' };
    } catch (error) {
      return {
        healthy: false,
        detail: `${this.name} does not answer (${String(error)}): no call is ended there`,
      };
    }
  }

  /** Kamailio answers with a fault where the call has just ended by itself. */
  async #carryOut(method: string, params: readonly (string | number)[]): Promise<CallEnding> {
    try {
      await this.#rpc.call(method, params);
      return 'ended';
    } catch (error) {
      if (error instanceof RpcFault) return 'absent';
      throw error;
    }
  }
}
