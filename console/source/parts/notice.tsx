import { signal } from '@preact/signals';

/** Short words on what was done, for eyes and for screen readers. */
const text = signal('');
let timer: ReturnType<typeof setTimeout> | undefined;

export function tell(what: string): void {
  text.value = what;
  clearTimeout(timer);
  timer = setTimeout(() => {
    text.value = '';
  }, 6_000);
}

export function Notice() {
  return (
    <div class={`notice ${text.value === '' ? 'gone' : ''}`} role="status">
      {text.value}
    </div>
  );
}
