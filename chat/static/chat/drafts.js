// What was typed and not yet taken by the server, per chat. It survives reloads, errors and signing in again.
import { page } from './page.js';

const PREFIX = `draft:${page.user}:`;

const keyOf = (conversation) => PREFIX + (conversation ?? 'new');

export function readDraft(conversation) {
  return localStorage.getItem(keyOf(conversation)) ?? '';
}

export function keepDraft(conversation, text) {
  if (text) {
    localStorage.setItem(keyOf(conversation), text);
  } else {
    localStorage.removeItem(keyOf(conversation));
  }
}

export function forgetAllDrafts() {
  Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .forEach((key) => localStorage.removeItem(key));
}
