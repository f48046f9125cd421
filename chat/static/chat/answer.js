// One turn on the page: an answer that is waited for, streams, and ends once.
import { decorate } from './code.js';
import { showFailure } from './failure.js';
import { safeFragment } from './markdown.js';
import { clonePart, page, say, setIcon } from './page.js';
import { announce } from './status.js';
import { Steps } from './steps.js';
import { StreamRenderer } from './stream-md.js';
import { Waiting } from './waiting.js';

const NOTES = { length: 'length_note', content_filter: 'filtered_note' };

export class Answer {
  #onPaint;
  #prose;
  #steps;
  #waiting;
  #renderer;
  #label;
  #held = false;

  constructor(element, onPaint) {
    this.element = element;
    this.#onPaint = onPaint;
    this.#prose = element.querySelector('.prose');
    this.#label = element.querySelector('.model-name').textContent || say('model');
    this.#steps = new Steps(element.querySelector('.steps'));
    this.#waiting = new Waiting(element, this.#label);
    this.#renderer = new StreamRenderer(this.#prose, onPaint);
    this.seq = 0;
    this.ended = false;
    this.stopWanted = false;
    this.#waiting.start();
  }

  static create({ name, icon }, onPaint) {
    const element = clonePart('answer');
    setIcon(element.querySelector('.logo'), icon);
    nameAnswer(element, name);
    return new Answer(element, onPaint);
  }

  get turn() {
    return this.element.dataset.turn;
  }

  set turn(id) {
    this.element.dataset.turn = id;
  }

  // The request waits for a connection, until the server accepts it.
  hold() {
    this.#held = true;
    this.#waiting.hold();
  }

  accepted(turn) {
    this.turn = turn;
    if (this.#held) {
      this.#waiting.start();
    }
  }

  // Frames of this turn, in order. `snapshot` replaces everything that is shown.
  snapshot({ text, reasoning, tools }) {
    this.#steps.clear();
    this.#renderer.end();
    this.#renderer = new StreamRenderer(this.#prose, this.#onPaint);
    if (reasoning) {
      this.reasoning({ text: reasoning });
    }
    tools.forEach((tool) => this.tool(tool));
    if (text) {
      this.delta({ text });
    }
  }

  delta({ text }) {
    this.#steps.endReasoning();
    this.#waiting.answering();
    this.#renderer.write(text);
  }

  reasoning({ text }) {
    this.#waiting.answering();
    this.#steps.reason(text);
    this.#onPaint();
  }

  tool(frame) {
    this.#waiting.answering();
    this.#steps.endReasoning();
    this.#steps.tool(frame);
    this.#onPaint();
  }

  done({ status, finish, html, model_label: label }) {
    this.#end(status, html);
    nameAnswer(this.element, label || this.#label);
    const text = this.#renderer.text;
    this.#note(noteOn(status, finish, text));
    if (!text.trim()) {
      this.element.querySelector('.msg-tools').before(clonePart('ask-again'));
    }
    announce(say(status === 'stopped' ? 'stopped' : 'ready', { words: text.split(/\s+/).filter(Boolean).length }));
  }

  failed(frame) {
    this.#end(frame.status, frame.html);
    showFailure(this.element, frame);
    announce(say('answer_failed', { model: this.#label }));
    this.#onPaint();
  }

  // The request was refused: nothing of it stays.
  remove() {
    this.#waiting.end();
    this.#renderer.end();
    this.ended = true;
    this.element.remove();
  }

  #end(status, html) {
    this.ended = true;
    this.#waiting.end();
    this.#steps.end();
    this.#renderer.end();
    this.#settle(html);
    this.element.dataset.status = status;
    page.sources[this.turn] = this.#renderer.text;
    this.element.querySelector('.msg-tools').hidden = !this.#renderer.text;
  }

  // The stored HTML is what a reload shows. It replaces what streamed only where the two differ, so that text which the
  // reader has selected stays selected.
  #settle(html) {
    const stored = safeFragment(html ?? '');
    decorate(stored);
    if (html && stored.textContent !== this.#prose.textContent) {
      this.#prose.replaceChildren(stored);
      this.#onPaint();
    }
  }

  #note(name) {
    const note = this.element.querySelector('.note');
    note.textContent = name ? say(name) : '';
    this.#onPaint();
  }
}

function noteOn(status, finish, text) {
  if (status === 'stopped') {
    return text.trim() ? 'stopped_note' : 'stopped_early_note';
  }
  return NOTES[finish] ?? (text.trim() ? '' : 'empty_note');
}

function nameAnswer(element, name) {
  element.querySelector('.model-name').textContent = name;
  element.ariaLabel = say('said', { model: name });
}
