// The one line that screen readers hear. The transcript itself is not live: token by token it would be noise.
import { byId } from './page.js';

export function announce(text) {
  byId('status').textContent = text;
}
