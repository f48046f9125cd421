// What was typed and not yet taken by the server, per chat. It survives reloads, errors and signing in again.
import { page } from './page.js';

const PREFIX = `draft:${page.user}:`;

const keyOf = (conversation) => PREFIX + (conversation ?? 'new');

// A browser may refuse to store, because it is full or was told to. Then drafts are not kept, and all else goes on.
function inStorage(action) {
  try {
    return action(localStorage);
  } catch {
    return null;
  }
}

export function readDraft(conversation) {
  return inStorage((storage) => storage.getItem(keyOf(conversation))) ?? '';
}

export function keepDraft(conversation, text) {
  const key = keyOf(conversation);
  inStorage((storage) => (text ? storage.setItem(key, text) : storage.removeItem(key)));
}

export function forgetAllDrafts() {
  inStorage((storage) =>
    Object.keys(storage)
      .filter((key) => key.startsWith(PREFIX))
      .forEach((key) => storage.removeItem(key)),
  );
}
