import Type, { type Static } from 'typebox';
import { openUntilMs } from '../measures.ts';
import { Count, Duration, Texts } from '../parameters.ts';
import type { CallLeg, Event, EventDetector } from '../vocabulary.ts';

const parameters = Type.Object({
  signs: Count({
    default: 1,
    minimum: 1,
    maximum: 3,
    unit: 'signs',
    description:
      'So many of the three signs break the rule: a PBX, too many devices, too many networks at once.',
  }),
  devices: Count({
    default: 4,
    minimum: 1,
    maximum: 1000,
    unit: 'devices',
    description:
      'Kinds of device (user agents) that answered calls may be made with in a day; one more is a sign.',
  }),
  networks: Count({
    default: 1,
    minimum: 1,
    maximum: 7,
    unit: 'networks',
    description: 'Networks (/24, IPv6 /48) that calls may go on from at the same time; one more is a sign.',
  }),
  pbx: Texts({
    default: [
      'asterisk',
      'freeswitch',
      'fpbx',
      '3cx',
      'issabel',
      'elastix',
      'yeastar',
      'wildix',
      'xivo',
      'wazo',
    ],
    maximum: 100,
    description:
      'A user agent that holds one of these, without regard to case, is a PBX: a sign. Empty: none is.',
  }),
  clearAfter: Duration({
    default: '1d',
    description: 'A breach is over, and may alert again, when there have been fewer signs for this long.',
  }),
});

export const sharedSubscription: EventDetector<Static<typeof parameters>> = {
  name: 'shared-subscription',
  title: 'Devices and networks that one person does not use at once.',
  subjects: ['line'],
  parameters,
  measures: ({ devices, pbx }) => {
    const holds = pbx.map((text) => text.toLowerCase());
    return [
      {
        kind: 'distinct',
        name: 'user-agents',
        cap: devices + 1,
        period: { kind: 'calendar', unit: 'day' },
        add: (event) => legOf(event)?.userAgent.replace(VERSION, '') ?? null,
      },
      {
        kind: 'level',
        name: 'calls-by-network',
        change: (event) => {
          const leg = legOf(event);
          if (leg === null) return null;
          const member = `${networkOf(leg.charged.source)} ${leg.callId}`;
          return { member, open: event.type === 'answered', expiresAtMs: openUntilMs(event) };
        },
      },
      {
        kind: 'sum',
        name: `pbx-calls-${holds.join(' ')}`.slice(0, 200),
        fields: ['pbx'],
        period: { kind: 'calendar', unit: 'day' },
        // Every event that moves one window moves all three, so that none has to be read.
        add: (event) => {
          const leg = legOf(event);
          if (leg === null) return null;
          const agent = leg.userAgent.toLowerCase();
          return [event.type === 'answered' && holds.some((text) => agent.includes(text)) ? 1 : 0];
        },
      },
    ];
  },
  judge: ([agents, open, pbx], parameters) => {
    if (agents.kind !== 'distinct' || open.kind !== 'level' || pbx.kind !== 'sum') return null;
    const networks = new Set(open.samples.map((member) => member.slice(0, member.indexOf(' '))));
    const signs = [
      pbx.totals[0] > 0 ? 'a PBX places the calls' : null,
      agents.count > parameters.devices ? `${agents.count} kinds of device today` : null,
      networks.size > parameters.networks ? `calls from ${networks.size} networks at once` : null,
    ].filter((sign) => sign !== null);
    return {
      value: signs.length,
      limit: parameters.signs - 1,
      unit: 'signs',
      windowSeconds: 86_400,
      breached: signs.length >= parameters.signs,
      significant: signs.length >= 2,
      sample: null,
      evidence: {
        signs,
        devices: agents.count,
        networks: [...networks],
        pbxCalls: pbx.totals[0],
        callIds: open.samples.map((member) => member.slice(member.indexOf(' ') + 1)),
      },
    };
  },
};

/** A firmware update makes no second device. */
const VERSION = /[\s/_-]*v?\d+(\.\d+)+.*$/i;

/** Answered outgoing calls, when they begin and when they end. */
function legOf(event: Event): CallLeg | null {
  if (event.type !== 'answered' && event.type !== 'ended') return null;
  if (
    event.leg.direction !== 'outgoing' ||
    (event.type === 'ended' && event.durationMs === null && !event.expired)
  )
    return null;
  return event.leg;
}

function networkOf(source: string): string {
  const dot = source.lastIndexOf('.');
  if (dot > 0) return source.slice(0, dot);
  return source.split(':').slice(0, 3).join(':');
}
