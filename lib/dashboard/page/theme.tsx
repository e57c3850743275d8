import { useEffect, useState } from 'preact/hooks';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const KEY = 'theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

/** Switches between the theme of the system, light and dark. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(() => THEMES.find((each) => each === localStorage.getItem(KEY)) ?? 'auto');
  useEffect(() => {
    const apply = () => {
      document.documentElement.dataset.theme = theme === 'auto' ? (prefersDark.matches ? 'dark' : 'light') : theme;
      // Charts are drawn with the colours of the theme.
      dispatchEvent(new Event('theme'));
    };
    apply();
    localStorage.setItem(KEY, theme);
    prefersDark.addEventListener('change', apply);
    return () => prefersDark.removeEventListener('change', apply);
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] as Theme;
  const sign = { auto: '◐', light: '☀', dark: '☾' }[theme];
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => setTheme(next)}
      aria-label={`Theme: ${theme}. Switch to ${next}`}
    >
      {sign} <span class="wide">{theme}</span>
    </button>
  );
}

/** The value of a colour of the theme. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
