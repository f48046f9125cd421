// The list of conversations: new ones appear at its top, running ones have a dot. On a phone it is a drawer.
import { byId, clonePart, page, say } from './page.js';

const rowOf = (id) => document.querySelector(`[data-conversation="${id}"]`);

export function addConversation(id) {
  const row = clonePart('conversation');
  row.dataset.conversation = id;
  const link = row.querySelector('a');
  link.href = `/c/${id}/`;
  link.setAttribute('aria-current', 'page');
  byId('no-conversations')?.remove();
  todaysList().prepend(row);
}

export function moveToTop(id) {
  const row = rowOf(id);
  const section = row?.closest('section');
  if (row) {
    todaysList().prepend(row);
  }
  if (section && !section.querySelector('.conv')) {
    section.remove();
  }
}

export function nameConversation(id, title) {
  const name = rowOf(id)?.querySelector('bdi');
  if (name) {
    name.textContent = title;
  }
  if (id === page.conversation) {
    document.title = title;
    byId('chat-title').textContent = title;
  }
}

export function markRunning(id, running) {
  const dot = rowOf(id)?.querySelector('.live');
  if (dot) {
    dot.hidden = !running;
  }
}

function todaysList() {
  const list = byId('conversations');
  const first = list.querySelector('section');
  if (first?.dataset.period === say('today')) {
    return first.querySelector('ul');
  }
  const section = clonePart('period');
  section.dataset.period = say('today');
  section.querySelector('h2').textContent = say('today');
  list.prepend(section);
  return section.querySelector('ul');
}

export function setUpDrawer() {
  const open = byId('open-nav');
  const toggle = (shown) => {
    byId('app').dataset.nav = shown ? 'open' : '';
    open.ariaExpanded = String(shown);
    byId('main').inert = shown;
    (shown ? byId('close-nav') : open).focus();
  };
  open.addEventListener('click', () => toggle(true));
  byId('close-nav').addEventListener('click', () => toggle(false));
  byId('backdrop').addEventListener('click', () => toggle(false));
  byId('side').addEventListener('keydown', ({ key }) => {
    if (key === 'Escape' && byId('app').dataset.nav === 'open') {
      toggle(false);
    }
  });
}
