// The chat page: makes its parts and introduces them to each other.
import { decorate } from './code.js';
import { Composer } from './composer.js';
import { ConnectionPill } from './connection.js';
import { Conversation } from './conversation.js';
import { setUpCopying } from './copying.js';
import { forgetAllDrafts } from './drafts.js';
import { allowTryAgain } from './failure.js';
import { setUpKeyboard } from './keyboard.js';
import { byId, page } from './page.js';
import { Picker } from './picker.js';
import { Follow } from './scroll.js';
import { setUpDrawer } from './sidebar.js';
import { Socket } from './socket.js';
import { warmUp } from './stream-md.js';
import { setUpTheme } from './theme.js';

const thread = byId('thread');

setUpTheme();
setUpDrawer();
setUpKeyboard();
setUpCopying(thread);
thread.querySelectorAll('.prose').forEach(decorate);

const follow = new Follow();
const pill = new ConnectionPill(() => socket.retryNow());
const socket = new Socket({
  onFrame: (frame) => conversation.receive(frame),
  onOpen: () => conversation.connected(),
  onState: (state) => {
    pill.show(state);
    conversation.connectionChanged(state.name);
  },
});
const composer = new Composer({
  onSend: (text) => conversation.send(text),
  onStop: () => conversation.stop(),
});
const picker = new Picker({ onModel: modelChanged, onChoice: modelChosen });
const conversation = new Conversation({ socket, composer, picker, follow });

function modelChanged(model) {
  composer.setModel(model);
  byId('empty-model')?.toggleAttribute('hidden', !model);
  document.querySelectorAll('#empty .model-name').forEach((name) => (name.textContent = model?.name ?? ''));
}

function modelChosen() {
  composer.hideRefusal();
  allowTryAgain(thread);
}

composer.setModel(picker.selected);
document.querySelectorAll('[data-status="queued"], [data-status="streaming"]').forEach((row) => conversation.resume(row));
Object.entries(page.running).forEach(([turn, other]) => conversation.watch(turn, other));

thread.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-action="try-again"], [data-action="other-model"]');
  if (!button || composer.isBusy) {
    return;
  }
  if (picker.selected && button.dataset.action === 'try-again') {
    conversation.tryAgain(button.closest('.msg'));
    focusComposer();
  } else {
    picker.open();
  }
});
byId('empty')?.addEventListener('click', ({ target }) => {
  const card = target.closest('[data-prompt]');
  if (card) {
    composer.begin(card.dataset.prompt);
  }
});
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape' && composer.isBusy && !picker.isOpen) {
    conversation.stop();
  }
});
byId('logout').addEventListener('submit', forgetAllDrafts);
// The address of a new chat was added by a script; the page of an older address is the server's to draw.
addEventListener('popstate', () => location.reload());

socket.connect();
warmUp();
focusComposer();

// Not on a phone, where the keyboard would open over what nobody has read yet.
function focusComposer() {
  if (matchMedia('(pointer: fine)').matches) {
    composer.focus();
  }
}
