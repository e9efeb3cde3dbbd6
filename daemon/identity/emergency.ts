/** One country's list: what is dialled, and what answers. */
export interface EmergencyList {
  /** Country code without +, for numbers that begin with the trunk prefix 0. */
  readonly countryCode?: string;
  readonly numbers: Readonly<Record<string, string>>;
}

/** RFC 5031 §4.2: sos and its sub-services; labels as in a host name. URNs are compared without regard to case (RFC 8141 §3). */
const SOS = /^urn:service:sos(?:\.[a-z0-9-]+)*$/i;

/**
 * Which calls are emergency calls: those of the lists of the chosen countries, of `EU`, and the further numbers. Numbers match whole:
 * 0112 and 1125 are other numbers. A country that has no list adds nothing; the loader refuses it.
 */
export class EmergencyNumbers {
  private readonly dialled = new Set<string>();
  private readonly byCountry = new Map<string, ReadonlySet<string>>();

  constructor(
    lists: Readonly<Record<string, EmergencyList>>,
    countries: readonly string[],
    further: readonly string[],
  ) {
    for (const [country, list] of Object.entries(lists)) this.byCountry.set(country, dialledForms(list));
    for (const country of ['EU', ...countries])
      for (const number of this.byCountry.get(country) ?? []) this.dialled.add(number);
    for (const number of further) this.dialled.add(withoutSeparators(number));
  }

  /**
   * @param user user part of the Request-URI, with or without parameters (`15;phone-context=+33`)
   * @param uri the Request-URI, for urn:service:sos
   * @param country where the caller is, if that is not one of the configured countries: its list holds as well
   */
  isEmergency(user: string, uri = '', country: string | null = null): boolean {
    if (user === '' && uri === '') return false;
    if (SOS.test(uri) || SOS.test(user)) return true;
    const number = withoutSeparators(user === '' ? userOf(uri) : user);
    return (
      this.dialled.has(number) || (country !== null && this.byCountry.get(country)?.has(number) === true)
    );
  }
}

function dialledForms({ numbers, countryCode }: EmergencyList): Set<string> {
  const forms = new Set<string>();
  for (const number of Object.keys(numbers)) {
    forms.add(number);
    // A short code has no international form: +33112 is nobody's number. A subscriber number has.
    if (countryCode === undefined || !number.startsWith('0')) continue;
    forms.add(`+${countryCode}${number.slice(1)}`);
    forms.add(`00${countryCode}${number.slice(1)}`);
  }
  return forms;
}

/** User part of a sip:, sips: or tel: URI. */
function userOf(uri: string): string {
  return (
    /^(?:sips?:([^@]*)@|tel:(.*)$)/i
      .exec(uri)
      ?.slice(1)
      .find((part) => part !== undefined) ?? ''
  );
}

/** Parameters and the visual separators of RFC 3966 §5.1.1 taken away. */
function withoutSeparators(user: string): string {
  const semicolon = user.indexOf(';');
  const number = semicolon < 0 ? user : user.slice(0, semicolon);
  return number.length > 64 ? number : number.replace(/[-.()]/g, '');
}
