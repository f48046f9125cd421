// The pill that says that the connection is lost. It keeps quiet for two seconds: most losses are over by then.
import { byId, say } from './page.js';
import { announce } from './status.js';

const QUIET = 2_000;

export class ConnectionPill {
  #pill = byId('connection');
  #text = byId('connection-text');
  #retry = byId('connection-retry');
  #login = byId('connection-login');
  #state = { name: 'up' };
  #since = 0;
  #tick = 0;

  constructor(onRetry) {
    this.#retry.addEventListener('click', onRetry);
  }

  show(state) {
    if (this.#state.name === 'up') {
      this.#since = Date.now();
    }
    this.#state = state;
    clearInterval(this.#tick);
    if (state.name !== 'up') {
      this.#tick = setInterval(() => this.#draw(), 250);
    }
    this.#draw();
  }

  #draw() {
    const { name } = this.#state;
    const visible = name === 'signed-out' || (name === 'down' && Date.now() - this.#since >= QUIET);
    if (!visible && !this.#pill.hidden) {
      announce(say('reconnected'));
    }
    this.#pill.hidden = !visible;
    this.#retry.hidden = name !== 'down';
    this.#login.hidden = name !== 'signed-out';
    this.#text.textContent = visible ? this.#sentence() : '';
  }

  #sentence() {
    if (this.#state.name === 'signed-out') {
      return say('signed_out');
    }
    if (!navigator.onLine) {
      return say('offline');
    }
    const seconds = Math.ceil((this.#state.retryAt - Date.now()) / 1000);
    return seconds > 0 ? say('reconnecting_in', { seconds }) : say('reconnecting');
  }
}
