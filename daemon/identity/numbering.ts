import {
  type CountryCode,
  isSupportedCountry,
  Metadata,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import type { Destination, NumberKind } from '../../detectors/vocabulary.ts';
import { LongestPrefix } from './longest-prefix.ts';
import type { NumberLists } from './number-lists.ts';

export interface NumberingOptions {
  readonly lists: NumberLists;
  /** Country whose dialling holds where nothing else is said (ISO 3166-1 alpha-2). */
  readonly country: string;
  readonly isEmergency: (user: string, uri: string, country: string | null) => boolean;
  /** A user that is a line of ours is no number, however short: extensions look like service numbers. */
  readonly isLine?: (user: string) => boolean;
  /** Numbers remembered; reading one anew takes some 15 µs. Default 20,000. */
  readonly remembered?: number;
}

/** Longest user that may be a number: with separators, prefixes and all. */
const LONGEST_USER = 64;
const LONGEST_SHORT = 8;
/** Overseas prefix, trunk prefix: a number is written anew so often at most. */
const MOST_REWRITES = 3;
/** E.164 §6: at most 15 digits; shorter than 5 with the country code is nobody's. */
const E164 = /^\+[1-9][0-9]{4,14}$/;

interface Subscriber {
  readonly number: string;
  readonly country: string | null;
  readonly kind: NumberKind;
  /** The library knows a range that it lies in. */
  readonly valid: boolean;
  /** It has a length that numbers of its country have. */
  readonly possible: boolean;
}

/** How numbers are dialled in one country. */
interface Dialling {
  readonly country: string;
  /** Null where the library does not know the country: then only + and 00 say what is meant. */
  readonly library: CountryCode | null;
  readonly international: RegExp;
  readonly trunkPrefix: string;
  /** Without +, empty where the library does not know the country. */
  readonly callingCode: string;
  readonly short: ReadonlyMap<string, NumberKind>;
  readonly servicePrefixes: LongestPrefix<true>;
  readonly dialledAs: LongestPrefix<string>;
}

/**
 * What a dialled or presented user stands for: the same number for every way of writing it. Lists come before the numbering plans of
 * libphonenumber. Pure but for a bounded memory of the last answers.
 */
export class Numbering {
  readonly #options: NumberingOptions;
  readonly #kinds = new LongestPrefix<NumberKind>();
  readonly #highRisk = new LongestPrefix<true>();
  readonly #diallings = new Map<string, Dialling>();
  #recent = new Map<string, Destination>();
  #older = new Map<string, Destination>();
  readonly #limit: number;

  constructor(options: NumberingOptions) {
    this.#options = options;
    this.#limit = options.remembered ?? 20_000;
    const { files, highRisk } = options.lists;
    for (const { ranges } of files) for (const { number, kind } of ranges) this.#kinds.set(number, kind);
    for (const { number } of highRisk.ranges) this.#highRisk.set(number, true);
  }

  /** Answers held now. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /**
   * @param user user part of a sip:, sips: or tel: URI, percent-escapes resolved, with or without parameters
   * @param uri the whole URI, for its phone-context (RFC 3966 §5.1.5, RFC 3261 §19.1.6) and for urn:service:sos
   * @param country where it is dialled, if that is not the operator's country
   */
  destinationOf(user: string, uri = '', country: string | null = null): Destination {
    if (
      user.length <= LONGEST_SHORT &&
      this.#options.isLine?.(user) === true &&
      !this.#options.isEmergency(user, uri, country)
    )
      return { ...SIP, number: user };
    const context = phoneContext(user) ?? phoneContext(uri);
    const from = country ?? this.#options.country;
    const sos = uri.length > 3 && uri.slice(0, 4).toLowerCase() === 'urn:' ? uri.slice(0, LONGEST_USER) : '';
    const key = `${from} ${context ?? ''} ${sos} ${user}`;
    const known = this.#recent.get(key) ?? this.#remember(key, this.#older.get(key));
    if (known !== undefined) return known;
    const found = this.#read(user, sos, context, from);
    if (user.length <= 4 * LONGEST_USER) this.#remember(key, found);
    return found;
  }

  /** Two generations: what was not asked for while one filled goes with the other. Nothing is moved on the way to an answer. */
  #remember(key: string, destination: Destination | undefined): Destination | undefined {
    if (destination === undefined) return undefined;
    if (this.#recent.size >= this.#limit / 2) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, destination);
    return destination;
  }

  /** A caller's number in E.164, as it may be compared with the directory's; null for what is no subscriber number. */
  ownNumber(user: string, country: string | null = null): string | null {
    const { number } = this.destinationOf(user, '', country);
    return number.startsWith('+') ? number : null;
  }

  #read(user: string, sos: string, context: string | null, from: string): Destination {
    const written = user.length > LONGEST_USER ? null : withoutSeparators(user);
    if (this.#options.isEmergency(user, sos, from))
      return { number: written || user || sos, kind: 'emergency', country: from, highRisk: false };
    if (written === null || !/^\+?[0-9*#]+$/.test(written)) return { ...SIP, number: user };
    if (!/^\+?[0-9]+$/.test(written)) return { ...SIP, number: written, kind: 'unknown' };
    const dialling = this.#dialling(countryOf(context) ?? from);
    if (!written.startsWith('+') && dialling.servicePrefixes.find(written) !== null) {
      const whole = dialling.servicePrefixes.find(written)?.prefix === written;
      if (!whole) return { number: written, kind: 'special', country: dialling.country, highRisk: false };
    }
    const short =
      written.length <= LONGEST_SHORT ? dialling.short.get(shape(written, dialling.short)) : undefined;
    if (short !== undefined)
      return { number: written, kind: short, country: dialling.country, highRisk: false };
    const found = this.#subscriber(written, context, dialling);
    if (found === null) return { ...SIP, number: written, kind: 'unknown' };
    const { number, country, kind } = found;
    const listed = this.#kinds.find(number)?.value;
    return { number, kind: listed ?? kind, country, highRisk: this.#highRisk.find(number) !== null };
  }

  /** The number in E.164, or null where no numbering plan has one of this form. */
  #subscriber(written: string, context: string | null, dialling: Dialling): Subscriber | null {
    if (written.startsWith('+')) return this.#international(written);
    const prefixed = dialling.international.exec(written);
    if (prefixed !== null) return this.#international(`+${written.slice(prefixed[0].length)}`);
    const { trunkPrefix } = dialling;
    const alias = dialling.dialledAs.find(written);
    if (alias !== null) return this.#international(alias.value + written.slice(alias.prefix.length));
    // A global number whose first digits are given apart (RFC 3966 §5.1.5): +331 and 23456789.
    if (context !== null && countryOf(context) === null) {
      const whole = this.#international(context + written);
      if (whole?.valid === true) return whole;
    }
    if (trunkPrefix !== '' && written.startsWith(trunkPrefix)) {
      // Ranges that the library does not know yet are numbers all the same.
      const { callingCode } = dialling;
      const long = callingCode !== '' && written.length >= 8;
      return long ? this.#international(`+${callingCode}${written.slice(trunkPrefix.length)}`) : null;
    }
    // Trunks send E.164 without its +. Where a trunk prefix is dialled, what has none is that; else the national plan comes first.
    const national = this.#national(written, dialling);
    if (trunkPrefix === '' && national !== null) return national;
    const bare = written.length < 8 ? null : this.#international(`+${written}`);
    if (bare?.valid === true) return bare;
    // Ranges of the country itself that the library does not know yet.
    const ours = dialling.callingCode !== '' && written.startsWith(dialling.callingCode);
    return national ?? (ours && bare?.possible === true ? bare : null);
  }

  #national(written: string, { library }: Dialling): Subscriber | null {
    if (library === null) return null;
    const parsed = parsePhoneNumberFromString(written, { defaultCountry: library });
    return parsed?.isValid() === true ? this.#international(parsed.number) : null;
  }

  /** A number that begins with +, as the library reads it where it is valid, else as it stands; null where E.164 has no such form. */
  #international(text: string, rewritten = 0): Subscriber | null {
    if (!E164.test(text)) return null;
    const parsed = parsePhoneNumberFromString(text);
    if (parsed === undefined)
      return { number: text, country: null, kind: 'unknown', valid: false, possible: false };
    const code = parsed.countryCallingCode;
    const home = mainCountries().get(code);
    const dialling = home === undefined ? null : this.#dialling(home);
    const trunkPrefix = dialling?.trunkPrefix ?? '';
    const rest = text.slice(1 + code.length);
    // Overseas numbers written behind the country code of the mainland.
    const alias = dialling?.dialledAs.find(trunkPrefix + rest) ?? null;
    if (alias !== null) {
      const whole = alias.value + (trunkPrefix + rest).slice(alias.prefix.length);
      if (whole !== text && rewritten < MOST_REWRITES) return this.#international(whole, rewritten + 1);
    }
    if (parsed.isValid()) {
      // The library takes the 0 of +33 (0)5… away, which +33 5… is to mean as well.
      return parsed.number === text || rewritten >= MOST_REWRITES
        ? validNumber(parsed)
        : this.#international(parsed.number, rewritten + 1);
    }
    if (trunkPrefix !== '' && rest.startsWith(trunkPrefix) && rewritten < MOST_REWRITES)
      return this.#international(`+${code}${rest.slice(trunkPrefix.length)}`, rewritten + 1);
    return {
      number: text,
      country: parsed.country ?? null,
      kind: 'unknown',
      valid: false,
      possible: parsed.isPossible(),
    };
  }

  #dialling(country: string): Dialling {
    let dialling = this.#diallings.get(country);
    if (dialling === undefined) {
      dialling = this.#diallingOf(country);
      this.#diallings.set(country, dialling);
    }
    return dialling;
  }

  #diallingOf(country: string): Dialling {
    const library = isSupportedCountry(country) ? country : null;
    const plan = library === null ? null : planOf(library);
    const short = new Map<string, NumberKind>();
    const servicePrefixes = new LongestPrefix<true>();
    const dialledAs = new LongestPrefix<string>();
    for (const file of this.#options.lists.files) {
      if (file.country !== country) continue;
      for (const { number, kind } of file.short) short.set(number, kind);
      for (const { number } of file.servicePrefixes) servicePrefixes.set(number, true);
      for (const { number, as } of file.dialledAs) dialledAs.set(number, as);
    }
    return {
      country,
      library,
      international: new RegExp(`^(?:${plan?.international || '00'})`),
      trunkPrefix: plan?.trunkPrefix ?? '',
      callingCode: plan?.callingCode ?? '',
      short,
      servicePrefixes,
      dialledAs,
    };
  }
}

const SIP: Destination = { number: '', kind: 'sip', country: null, highRisk: false };

/** The library has it, its types do not. */
interface Plan {
  readonly nationalPrefix: () => unknown;
  readonly IDDPrefix: () => string | undefined;
  readonly callingCode: () => string;
}

function planOf(
  country: CountryCode,
): Pick<Dialling, 'trunkPrefix' | 'callingCode'> & { international: string } {
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  const plan = metadata.numberingPlan as unknown as Plan;
  // 0, the number, stands for none.
  const prefix = plan.nationalPrefix();
  const trunkPrefix = typeof prefix === 'string' ? prefix : '';
  return { international: plan.IDDPrefix() ?? '00', trunkPrefix, callingCode: plan.callingCode() };
}

function validNumber(parsed: PhoneNumber): Subscriber {
  return {
    number: parsed.number,
    country: parsed.country ?? null,
    kind: kindOf(parsed),
    valid: true,
    possible: true,
  };
}

function kindOf(number: PhoneNumber): NumberKind {
  switch (number.getType()) {
    case 'FIXED_LINE':
    case 'FIXED_LINE_OR_MOBILE':
      return 'fixed';
    case 'MOBILE':
      return 'mobile';
    case 'VOIP':
      return 'voip';
    case 'TOLL_FREE':
      return 'toll-free';
    case 'SHARED_COST':
      return 'shared-cost';
    case 'PREMIUM_RATE':
      return 'premium';
    case undefined:
      return 'unknown';
    default:
      return 'special';
  }
}

/** Parameters, the visual separators of RFC 3966 §5.1.1 and spaces taken away. */
function withoutSeparators(user: string): string {
  const semicolon = user.indexOf(';');
  return (semicolon < 0 ? user : user.slice(0, semicolon)).replace(/[-.()\s]/g, '');
}

function phoneContext(text: string): string | null {
  if (!text.includes(';')) return null;
  const context = /;phone-context=(\+[0-9.()-]{1,24})/i.exec(text)?.[1];
  return context === undefined ? null : context.replace(/[-.()]/g, '');
}

/** The country that a phone-context is the calling code of, null for a longer one and for none. */
function countryOf(context: string | null): string | null {
  if (context === null) return null;
  return mainCountries().get(context.slice(1)) ?? null;
}

let mains: ReadonlyMap<string, string> | null = null;

/** Main country of each calling code: the library names it first. */
function mainCountries(): ReadonlyMap<string, string> {
  if (mains === null) {
    const { country_calling_codes: codes } = (
      new Metadata() as unknown as {
        metadata: { country_calling_codes: Readonly<Record<string, readonly string[]>> };
      }
    ).metadata;
    mains = new Map(Object.entries(codes).map(([code, [country]]) => [code, country]));
  }
  return mains;
}

/** The listed form of a short number: itself, or with as many x at its end as make it one that is listed. */
function shape(number: string, listed: ReadonlyMap<string, NumberKind>): string {
  for (let tail = 0; tail < number.length; tail++) {
    const form = number.slice(0, number.length - tail) + 'x'.repeat(tail);
    if (listed.has(form)) return form;
  }
  return number;
}
