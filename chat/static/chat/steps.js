// What an answer did besides writing: reasoning and tool calls, each a closed row that the reader may open.
import { clonePart, say } from './page.js';

const CLOSE_ENOUGH = 24; // pixels from the end of the open window that still follow its text

export class Steps {
  #root;
  #tools = new Map();
  #reasoning = null;
  #startedAt = 0;
  #tick = 0;

  constructor(root) {
    this.#root = root;
  }

  clear() {
    this.endReasoning();
    this.#root.replaceChildren();
    this.#tools.clear();
    this.#reasoning = null;
  }

  reason(text) {
    if (!this.#reasoning) {
      this.#reasoning = this.#root.appendChild(clonePart('reasoning'));
      this.#startedAt = Date.now();
      this.#tick = setInterval(() => this.#label('thinking'), 1000);
      this.#label('thinking');
      this.#reasoning.classList.add('run');
    }
    const body = this.#reasoning.querySelector('.body');
    const atEnd = body.scrollHeight - body.clientHeight - body.scrollTop < CLOSE_ENOUGH;
    body.querySelector('.reasoning-text').append(text);
    if (atEnd) {
      body.scrollTop = body.scrollHeight;
    }
  }

  // The row stays as the reader left it, under the name that it has after a reload.
  endReasoning() {
    if (this.#tick) {
      clearInterval(this.#tick);
      this.#tick = 0;
      this.#label('reasoning');
      this.#reasoning.classList.remove('run');
    }
  }

  // The turn is over: a call without a result will not get one any more.
  end() {
    this.endReasoning();
    for (const { name, row } of this.#tools.values()) {
      if (row.classList.contains('run')) {
        row.classList.remove('run');
        row.querySelector('.label').textContent = say('tool_unfinished', { name });
      }
    }
  }

  #label(name) {
    const seconds = Math.max(1, Math.round((Date.now() - this.#startedAt) / 1000));
    this.#reasoning.querySelector('.label').textContent = say(name, { seconds });
  }

  // A call, or the result of one: `phase` is call, result or error.
  tool({ id, name, phase, args, result }) {
    const row = this.#tools.get(id)?.row ?? this.#root.appendChild(clonePart('tool'));
    this.#tools.set(id, { name, row });
    const label = { call: 'tool_running', error: 'tool_failed' }[phase] ?? 'tool_done';
    row.classList.toggle('run', phase === 'call');
    row.classList.toggle('bad', phase === 'error');
    row.querySelector('.label').textContent = say(label, { name });
    if (args !== undefined) {
      row.querySelector('.tool-args').textContent = args;
    }
    if (result !== undefined) {
      row.querySelector('.tool-result').textContent = result;
    }
  }
}
