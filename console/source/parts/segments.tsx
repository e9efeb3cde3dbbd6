import type { Signal } from '@preact/signals';
import { t } from '../words/language.ts';

/** One of a few, all of them in sight. */
export function Segments<T extends string>(props: {
  name: string;
  of: readonly T[];
  chosen: Signal<T>;
  word: (one: T) => string;
}) {
  const { name, of, chosen, word } = props;
  return (
    <fieldset class="segments">
      <legend class="hidden">{t('state.choose')}</legend>
      {of.map((one) => (
        <label key={one}>
          <input
            type="radio"
            name={name}
            checked={chosen.value === one}
            onChange={() => {
              chosen.value = one;
            }}
          />
          <span>{word(one)}</span>
        </label>
      ))}
    </fieldset>
  );
}
