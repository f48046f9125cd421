// The websocket: connects, stays connected, and says how it is. It knows nothing about what the frames mean.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const PING_EVERY = 25_000;
const PONG_WITHIN = 10_000;
const SIGNED_OUT = 4401;
const ASK_AGAIN_AFTER = 10_000; // somebody may have signed in in another tab

export class Socket {
  #url;
  #socket = null;
  #delay = FIRST_DELAY;
  #retry = 0;
  #pong = 0;
  #state = 'up';
  #listeners;

  // onFrame(frame), onOpen(), onState({ name: 'up' | 'down' | 'signed-out', retryAt })
  constructor(listeners) {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.#url = `${scheme}://${location.host}/ws/chat/`;
    this.#listeners = listeners;
    setInterval(() => this.#ping(), PING_EVERY);
    addEventListener('online', () => this.retryNow());
    addEventListener('focus', () => this.retryNow());
    document.addEventListener('visibilitychange', () => document.hidden || this.retryNow());
  }

  get isUp() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  get state() {
    return this.#state;
  }

  connect() {
    clearTimeout(this.#retry);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#received(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.#socket && this.#lost(code);
  }

  // False if there is nobody to hear it: the caller says it again in onOpen.
  send(frame) {
    if (this.isUp) {
      this.#socket.send(JSON.stringify(frame));
    }
    return this.isUp;
  }

  retryNow() {
    if (!this.#socket) {
      this.#delay = FIRST_DELAY;
      this.connect();
    }
  }

  // The server opens the socket of a stranger too, to close it with the code that says why. Where that was the last
  // word, only an answer proves that somebody signed in.
  #opened() {
    if (this.#state === 'signed-out') {
      this.send({ type: 'ping' });
    } else {
      this.#up();
    }
  }

  #up() {
    this.#change({ name: 'up' });
    this.#listeners.onOpen();
  }

  #change(state) {
    this.#state = state.name;
    this.#listeners.onState(state);
  }

  #received(frame) {
    clearTimeout(this.#pong);
    if (this.#state === 'signed-out') {
      this.#up();
    }
    // Not on open: a server that accepts and closes at once would be asked twice a second for ever.
    this.#delay = FIRST_DELAY;
    if (frame.type !== 'pong') {
      this.#listeners.onFrame(frame);
    }
  }

  #lost(code) {
    clearTimeout(this.#pong);
    this.#socket = null;
    if (code === SIGNED_OUT) {
      this.#retry = setTimeout(() => this.connect(), ASK_AGAIN_AFTER);
      this.#change({ name: 'signed-out' });
      return;
    }
    const wait = this.#delay * (0.8 + 0.4 * Math.random());
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
    this.#retry = setTimeout(() => this.connect(), wait);
    this.#change({ name: 'down', retryAt: Date.now() + wait });
  }

  // A connection that died without a word answers no ping; the browser alone would notice after minutes.
  #ping() {
    if (this.send({ type: 'ping' })) {
      const socket = this.#socket;
      clearTimeout(this.#pong);
      this.#pong = setTimeout(() => {
        socket.onclose = null;
        socket.close();
        this.#lost(0);
      }, PONG_WITHIN);
    }
  }
}
