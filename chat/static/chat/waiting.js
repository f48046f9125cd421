// The row that stands where an answer will be, and the line that screen readers hear while it is written.
import { say } from './page.js';
import { announce } from './status.js';

const SAY_SECONDS_AFTER = 10;
const REMIND_EVERY = 10;

export class Waiting {
  #row;
  #text;
  #label;
  #seconds = 0;
  #answering = false;
  #tick = 0;

  constructor(answer, label) {
    this.#row = answer.querySelector('.waiting');
    this.#text = answer.querySelector('.waiting-text');
    this.#label = label;
  }

  start() {
    clearInterval(this.#tick);
    this.#seconds = 0;
    this.#draw();
    this.#row.hidden = false;
    this.#tick = setInterval(() => this.#second(), 1000);
  }

  // The request is still here: nobody has been asked yet.
  hold() {
    clearInterval(this.#tick);
    this.#text.textContent = say('unsent');
    announce(say('unsent'));
  }

  // The first words are there.
  answering() {
    if (!this.#answering) {
      this.#answering = true;
      this.#seconds = 0;
      this.#row.hidden = true;
      announce(say('answering', { model: this.#label }));
    }
  }

  end() {
    clearInterval(this.#tick);
    this.#row.hidden = true;
  }

  #second() {
    this.#seconds += 1;
    if (!this.#answering) {
      this.#draw();
    } else if (this.#seconds % REMIND_EVERY === 0) {
      announce(say('still_answering'));
    }
  }

  #draw() {
    const late = this.#seconds >= SAY_SECONDS_AFTER;
    this.#text.textContent = say(late ? 'still_waiting' : 'waiting', { model: this.#label, seconds: this.#seconds });
  }
}
