// Automatic, light, dark. In a cookie, so that the server draws the page right from its first byte.
import { byId, say, setIcon } from './page.js';
import { announce } from './status.js';

const NEXT = { auto: 'light', light: 'dark', dark: 'auto' };
const ICONS = { auto: 'sun-moon', light: 'sun', dark: 'moon' };
const YEAR = 365 * 24 * 3600;

const current = () => document.documentElement.dataset.theme ?? 'auto';

export function setUpTheme() {
  const button = byId('theme');
  draw(button);
  button.addEventListener('click', () => {
    apply(NEXT[current()]);
    draw(button);
    announce(button.ariaLabel);
  });
}

function apply(theme) {
  if (theme === 'auto') {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = theme;
  }
  const age = theme === 'auto' ? 0 : YEAR;
  document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax`;
}

function draw(button) {
  const label = say(`theme_${current()}`);
  button.ariaLabel = label;
  button.title = label;
  setIcon(button, ICONS[current()]);
}
