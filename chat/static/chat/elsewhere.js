// A turn in another conversation, followed for its end alone: the dot beside that conversation goes out.
import { markRunning } from './sidebar.js';

export class Elsewhere {
  #conversation;

  constructor(turn, conversation) {
    this.turn = turn;
    this.#conversation = conversation;
    this.seq = 0;
    this.ended = false;
    this.stopWanted = false;
  }

  snapshot() {}

  delta() {}

  reasoning() {}

  tool() {}

  done() {
    this.ended = true;
    markRunning(this.#conversation, false);
  }

  failed() {
    this.done();
  }
}
