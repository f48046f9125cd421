// Follows the end of the transcript until the reader moves away, and never fights the reader.
import { byId } from './page.js';

const NEAR = 60; // pixels from the end that still count as the end
const UPWARD = 3; // pixels; less is the jitter of a trackpad

export class Follow {
  #scroll = byId('scroll');
  #jump = byId('to-end');
  #following = true;
  #top = 0;
  #newest = null; // the question that was asked last, and its answer

  constructor() {
    this.#scroll.addEventListener('scroll', () => this.#moved(), { passive: true });
    this.#scroll.addEventListener('wheel', (event) => event.deltaY < -UPWARD && this.#letGo(), { passive: true });
    this.#jump.addEventListener('click', () => this.toEnd());
    new ResizeObserver(() => this.#resized()).observe(this.#scroll);
    this.painted();
  }

  // The transcript grew. A new chat has none: what it shows is read from its top.
  painted() {
    if (this.#following && byId('thread').childElementCount) {
      this.toEnd();
    } else {
      this.#draw();
    }
  }

  toEnd() {
    this.#following = true;
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#top = this.#scroll.scrollTop;
    this.#draw();
  }

  // Room under a new question, so that it stands near the top while its answer grows into the view.
  makeRoom(question, answer) {
    for (const message of document.querySelectorAll('.msg-answer')) {
      message.style.minHeight = '';
    }
    this.#newest = { question, answer };
    this.#fitRoom();
    this.toEnd();
  }

  // The view got lower, perhaps for the word that the connection is lost: the question must not slide out of it.
  #resized() {
    this.#fitRoom();
    this.painted();
  }

  #fitRoom() {
    if (this.#newest) {
      const { question, answer } = this.#newest;
      const gaps = 72; // the column's padding above and below, and the gap between the two
      const room = this.#scroll.clientHeight - (question?.offsetHeight ?? 0) - gaps;
      answer.style.minHeight = `${Math.max(0, room)}px`;
    }
  }

  get #distance() {
    return this.#scroll.scrollHeight - this.#scroll.clientHeight - this.#scroll.scrollTop;
  }

  // Own scrolls are told from the reader's by position, not by a timer.
  #moved() {
    const moved = this.#scroll.scrollTop - this.#top;
    this.#top = this.#scroll.scrollTop;
    if (moved < -UPWARD && this.#distance > 1) {
      this.#letGo();
    } else if (moved > 0 && this.#distance <= NEAR) {
      this.#following = true;
    }
    this.#draw();
  }

  #letGo() {
    if (this.#scroll.scrollHeight > this.#scroll.clientHeight) {
      this.#following = false;
      this.#draw();
    }
  }

  #draw() {
    this.#scroll.classList.toggle('following', this.#following);
    this.#jump.hidden = this.#following || this.#distance <= NEAR;
  }
}
