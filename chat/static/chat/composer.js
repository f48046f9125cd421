// The box at the bottom: typing, sending, and the button that becomes Stop.
import { keepDraft, readDraft } from './drafts.js';
import { byId, page, say } from './page.js';
import { announce } from './status.js';

const SAVE_AFTER = 300;
const HINT_FOR = 4_000;

export class Composer {
  #form = byId('composer');
  #box = byId('text');
  #button = byId('send');
  #refusal = byId('refusal');
  #note = byId('composer-note');
  #onSend;
  #onStop;
  #model = null;
  #prompt = '';
  #save = 0;
  #clearNote = 0;

  constructor({ onSend, onStop }) {
    this.#onSend = onSend;
    this.#onStop = onStop;
    this.#box.value ||= readDraft(page.conversation);
    this.#form.addEventListener('submit', (event) => this.#submit(event));
    this.#box.addEventListener('keydown', (event) => this.#key(event));
    this.#box.addEventListener('input', () => this.#typed());
    addEventListener('pagehide', () => this.#keep());
    this.#fit();
    this.#draw();
  }

  get isBusy() {
    return this.#form.getAttribute('aria-busy') === 'true';
  }

  // The box stays usable while an answer is written: disabling it would throw the focus away.
  setBusy(busy) {
    this.#form.setAttribute('aria-busy', busy);
    this.#note.textContent = '';
    this.#draw();
  }

  setModel(model) {
    this.#model = model;
    this.#box.placeholder = model ? say('message_placeholder', { model: model.name }) : say('choose_model');
    this.#draw();
  }

  // The server has it: only now may the text and its copy go. What was typed behind it stays.
  taken(text, conversationBefore) {
    clearTimeout(this.#save);
    if (this.#box.value.startsWith(text)) {
      this.#box.value = this.#box.value.slice(text.length);
    }
    keepDraft(conversationBefore, '');
    this.#keep();
    this.hideRefusal();
    this.#fit();
    this.#draw();
  }

  // Goes before what was typed, and in the place of another prompt that nothing was added to.
  begin(prompt) {
    const typed = this.#box.value === this.#prompt ? '' : this.#box.value;
    this.#prompt = `${prompt} `;
    this.#box.value = this.#prompt + typed;
    this.#typed();
    this.focus();
    this.#box.setSelectionRange(this.#prompt.length, this.#prompt.length);
  }

  focus() {
    this.#box.focus();
  }

  refuse(message) {
    byId('refusal-text').textContent = message;
    this.#refusal.hidden = false;
  }

  hideRefusal() {
    this.#refusal.hidden = true;
  }

  #submit(event) {
    event.preventDefault();
    if (this.isBusy) {
      this.#onStop();
    } else if (!this.#model) {
      this.#hint(say('choose_model_first'));
    } else if (this.#box.value.trim()) {
      this.hideRefusal();
      this.#onSend(this.#box.value);
    }
  }

  #key(event) {
    // Enter that picks a word in an input method is no Enter; 229 is how some browsers say so.
    const composing = event.isComposing || event.keyCode === 229;
    const breaksLine = event.shiftKey || matchMedia('(pointer: coarse)').matches;
    if (event.key !== 'Enter' || composing || breaksLine) {
      return;
    }
    event.preventDefault();
    if (this.isBusy) {
      this.#hint(say('stop_first'));
    } else {
      this.#form.requestSubmit();
    }
  }

  #typed() {
    clearTimeout(this.#save);
    this.#save = setTimeout(() => this.#keep(), SAVE_AFTER);
    this.#fit();
    this.#draw();
  }

  #keep() {
    keepDraft(page.conversation, this.#box.value);
  }

  // For browsers that cannot size a box by its content.
  #fit() {
    if (!CSS.supports('field-sizing', 'content')) {
      this.#box.style.height = 'auto';
      this.#box.style.height = `${this.#box.scrollHeight}px`;
    }
  }

  #draw() {
    const label = say(this.isBusy ? 'stop' : 'send');
    this.#button.ariaLabel = label;
    this.#button.title = label;
    this.#button.disabled = !this.isBusy && !(this.#model && this.#box.value.trim());
  }

  #hint(text) {
    announce(text);
    this.#note.textContent = text;
    clearTimeout(this.#clearNote);
    this.#clearNote = setTimeout(() => (this.#note.textContent = ''), HINT_FOR);
  }
}
