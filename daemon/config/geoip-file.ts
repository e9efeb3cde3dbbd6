import { Countries } from '../identity/countries.ts';
import type { Fault } from './fault.ts';
import type { PlaceOf } from './load.ts';
import type { VigieConfig } from './schema.ts';
import { readBytes } from './yaml-source.ts';

/** A country database has some 10 MB, one with cities 100. It is held in memory whole. */
const MAXIMUM_GEOIP_BYTES = 268_435_456;

/** The database that `network.geoip` names; null without one, or with faults. */
export function loadCountries(config: VigieConfig, placeOf: PlaceOf, faults: Fault[]): Countries | null {
  const file = config.network.geoip;
  if (file === null) return null;
  const place = placeOf(['network', 'geoip']);
  const read = readBytes(file, MAXIMUM_GEOIP_BYTES, place);
  if (!read.ok) {
    faults.push(
      read.fault.code === 'too-large'
        ? { ...read.fault, todo: 'use a database of countries only' }
        : read.fault,
    );
    return null;
  }
  const found = Countries.read(read.bytes);
  if (found.ok) return found.countries;
  faults.push({
    ...place,
    code: 'wrong-form',
    what: `${file} ${found.what}`,
    todo: 'fetch it anew from its maker: a country (or city) database, .mmdb, not packed; or write null',
  });
  return null;
}
