import { signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const THEME = 'vigie.theme';
const KEYS = 'vigie.keys';
const kept = localStorage.getItem(THEME);

export const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'auto');
/** Single-key shortcuts can be switched off (WCAG 2.2, 2.1.4): voice input types letters. */
export const shortcuts = signal(localStorage.getItem(KEYS) !== 'off');

const systemDark = matchMedia('(prefers-color-scheme: dark)');
/** What is seen, `auto` resolved. */
export const seen = signal<'light' | 'dark'>('light');

function apply(): void {
  seen.value = theme.value === 'auto' ? (systemDark.matches ? 'dark' : 'light') : theme.value;
  document.documentElement.dataset.theme = seen.value;
}

systemDark.addEventListener('change', apply);
apply();

export function nextTheme(): void {
  theme.value = theme.value === 'auto' ? 'light' : theme.value === 'light' ? 'dark' : 'auto';
  localStorage.setItem(THEME, theme.value);
  apply();
}

export function switchShortcuts(on: boolean): void {
  shortcuts.value = on;
  localStorage.setItem(KEYS, on ? 'on' : 'off');
}
