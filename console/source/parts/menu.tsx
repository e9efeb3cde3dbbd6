import { nextTheme, theme } from '../preferences.ts';
import { chooseLanguage, language, t } from '../words/language.ts';

const themeIcons = {
  auto: 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13zm0 1.5v10a5 5 0 0 1 0-10z',
  light:
    'M8 4.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 0 1 0-7zM7.3 0h1.4v2.5H7.3zM7.3 13.5h1.4V16H7.3zM0 7.3h2.5v1.4H0zM13.5 7.3H16v1.4h-2.5z',
  dark: 'M6 1.5a6.5 6.5 0 1 0 8.5 8.5A6 6 0 0 1 6 1.5z',
};

export function ThemeButton() {
  const label = t(`menu.theme.${theme.value}`);
  return (
    <button type="button" class="plain" onClick={nextTheme} aria-label={label} title={label}>
      <svg viewBox="0 0 16 16" class="icon filled" aria-hidden="true">
        <path d={themeIcons[theme.value]} />
      </svg>
    </button>
  );
}

export function LanguageButton() {
  const other = language.value === 'fr' ? 'en' : 'fr';
  return (
    <button
      type="button"
      class="plain"
      lang={other}
      title={t('menu.language')}
      onClick={() => chooseLanguage(other)}
    >
      {other.toUpperCase()}
    </button>
  );
}
