import { signal } from '@preact/signals';
import { language, locale, maybe, t } from './words/language.ts';

/** Ticks so that "3 min ago" stays true; one timer for the whole page. */
export const nowMs = signal(Date.now());
setInterval(() => {
  nowMs.value = Date.now();
}, 1_000);

const formats = new Map<string, Intl.NumberFormat>();

function number(value: number, digits: number): string {
  const key = `${locale.value} ${digits}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits });
    formats.set(key, format);
  }
  return format.format(value);
}

export function count(value: number): string {
  return number(value, 0);
}

function digitsOf(value: number): number {
  return Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 1;
}

/** ISO 4217. */
const isMoney = (unit: string | null): boolean => /^[A-Z]{3}$/.test(unit ?? '');

/** Of the units that there are, in both languages. */
function singular(word: string): string {
  return /(refus|fois|fax|business days|kbit\/s|\/s)$/.test(word) ? word : word.replace(/(?<=x)es$|s$/, '');
}

/** A measured value with its unit, as people say it. */
export function amount(value: number | null, unit: string | null): string {
  if (value === null) return '–';
  const space = '\u00a0';
  if (unit === 'ratio' || unit === 'share') return `${number(value * 100, 1)}${space}%`;
  if (unit === 's') return span(value);
  const plain = number(value, isMoney(unit) ? 2 : digitsOf(value));
  if (unit === null || unit === '') return plain;
  if (unit.startsWith('1/')) return `${plain}${unit.slice(1)}`;
  const word = maybe(`unit.${unit}`) ?? unit;
  if (word === '') return plain;
  const isOne = value === 1 || (language.value === 'fr' && Math.abs(value) < 2);
  return `${plain}${space}${isOne ? singular(word) : word}`;
}

/** A length of time: 40 s, 2 min 30 s, 24 h. */
export function span(seconds: number): string {
  const space = '\u00a0';
  if (seconds < 60) return `${number(seconds, Number.isInteger(seconds) ? 0 : 1)}${space}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) {
    const rest = whole % 60;
    return `${Math.floor(whole / 60)}${space}min${rest === 0 ? '' : `${space}${rest}${space}s`}`;
  }
  const minutes = Math.round(whole / 60);
  if (minutes < 48 * 60) {
    const rest = minutes % 60;
    return `${Math.floor(minutes / 60)}${space}h${rest === 0 ? '' : `${space}${rest}${space}min`}`;
  }
  return `${number(minutes / 1440, 1)}${space}${language.value === 'fr' ? 'j' : 'd'}`;
}

/** 20:05:31 today, 21 Nov 20:05 on other days. */
export function clock(iso: string): string {
  const at = new Date(iso);
  const today = new Date(nowMs.peek()).toDateString() === at.toDateString();
  return today
    ? at.toLocaleTimeString(locale.value, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
    : at.toLocaleString(locale.value, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}

/** The whole of it, for tooltips. */
export function fullTime(iso: string): string {
  return new Date(iso).toLocaleString(locale.value, { dateStyle: 'full', timeStyle: 'long' });
}

/** "3 min ago", in the reader's words; follows the time. */
export function ago(iso: string | number): string {
  const seconds = Math.max(0, (nowMs.value - new Date(iso).getTime()) / 1000);
  const relative = new Intl.RelativeTimeFormat(locale.value, { numeric: 'always', style: 'short' });
  if (seconds < 60) return relative.format(-Math.floor(seconds), 'second');
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}

/** How long something has lasted; follows the time. */
export function lasting(iso: string): string {
  return span(Math.max(0, Math.floor((nowMs.value - new Date(iso).getTime()) / 1000)));
}

export function kindWord(kind: string): string {
  return maybe(`kind.${kind}`) ?? kind;
}

/** "customer acme", as a sentence names a subject. */
export function subjectWords({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return `${kindWord(kind).toLowerCase()} ${id}`;
}

export function windowWords(seconds: number | null): string {
  return seconds === null || seconds === 0 ? t('reading.now') : t('reading.in', { window: span(seconds) });
}
